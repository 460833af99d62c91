SELECT p.district, month(c.filed) AS month, c.kind, count(*) AS permits, sum(c.cost) AS cost,
       sum(sum(c.cost)) OVER (PARTITION BY p.district ORDER BY month(c.filed)) AS cost_so_far
FROM permits_clean c
JOIN parcels p ON c.parcel = p.parcel
WHERE year(c.filed) = ${year}
GROUP BY p.district, month(c.filed), c.kind
