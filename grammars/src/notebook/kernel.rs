//! The name that Jupyter's kernel gives a cell.

/// The seed of its hash (`ipykernel.compiler.get_tmp_hash_seed`).
const SEED: u32 = 0xC70F_6907;

/// The hash that names a cell with this text (`ipykernel.compiler.get_file_name`).
pub(super) fn hash(cell: &str) -> u32 {
    murmur2(cell.as_bytes())
}

/// MurmurHash2 of 32 bits, by Austin Appleby, as the kernel computes it.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5BD1_E995;
    let mut hash = SEED ^ data.len() as u32;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        k = k.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0_u32, |tail, byte| (tail << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    #[test]
    fn hashes_are_those_of_the_kernel() {
        // As logged by PySpark 3.5 under ipykernel 7.4.
        for (cell, hash) in [
            (
                "\n\n# größe 😀\nrows = orders.groupBy('k').count().collect()\nlen(rows)",
                1_282_472_188,
            ),
            ("!echo hi\nx = !ls\norders.limit(5).collect()", 216_578_617),
            (
                "pairs = orders.rdd.map(lambda r: (r.k, r.v))\nsums = pairs.groupByKey().mapValues(sum)\nprint(sums.takeOrdered(3))",
                199_546_337,
            ),
        ] {
            assert_eq!(super::hash(cell), hash, "{cell}");
        }
    }
}
