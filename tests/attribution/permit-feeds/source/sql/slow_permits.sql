-- permits that took longer than three quarters of those of their kind
WITH waits AS (
    SELECT permit_no, kind, datediff(issued, filed) AS days
    FROM permits_clean
    WHERE issued IS NOT NULL
), limits AS (
    SELECT kind, percentile_approx(days, 0.75) AS q3 FROM waits GROUP BY kind
)
SELECT w.permit_no, w.kind, w.days, l.q3
FROM waits w JOIN limits l ON w.kind = l.kind
WHERE w.days > l.q3
