//! How much memory the process holds beyond what it uses.

/// Asks for pages of the ordinary size only. A log's report is small objects of many sizes, each of which the allocator keeps apart from the
/// others: in large pages that is twice the memory for no more speed.
pub(crate) fn use_small_pages() {
    // Where that is not to be had the report takes more memory, and that is all.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
}
