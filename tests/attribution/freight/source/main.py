"""Entry point of the nightly freight job.

    spark-submit main.py --raw data/raw --curated out/curated [--months 09,10]
"""
import argparse
import logging

from freight import io, quality
from freight.marts import build_marts
from freight.session import session_for
from freight.transforms import enrich_legs, standardise_shipments, with_lateness

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("freight")


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--raw", required=True)
    parser.add_argument("--curated", required=True)
    parser.add_argument("--months", default="09,10")
    parser.add_argument("--full-history", action="store_true")
    return parser.parse_args()


def main():
    args = parse_args()
    spark = session_for("freight-nightly")
    paths = io.Paths(args.raw, args.curated)

    shipments = None
    for month in args.months.split(","):
        part = standardise_shipments(io.read_raw(spark, paths.shipments(month)), month)
        shipments = part if shipments is None else shipments.unionByName(part)

    shipments = quality.drop_duplicates_newest(shipments, ["shipment_id"], "value_eur")
    quality.require_not_empty(shipments, "shipments")
    quality.report_nulls(shipments, ["weight_kg", "customer"])

    carriers = io.read_raw(spark, paths.carriers)
    legs = enrich_legs(io.read_raw(spark, paths.legs), carriers).cache()
    orphans = quality.orphans(legs, shipments, "shipment_id")
    log.info("legs without shipment: %d", orphans)
    if orphans > 1000 and not args.full_history:
        raise SystemExit("too many orphaned legs")

    late = with_lateness(shipments, legs)
    io.write(late, paths.curated("lateness"), partitions=["month"])

    history = io.read_curated(spark, paths.curated("lateness"))
    if args.full_history:
        history = history.unionByName(io.read_curated(spark, paths.curated("archive")), allowMissingColumns=True)

    for name, frame in build_marts(history, legs).items():
        io.write(frame, paths.curated(name))
        log.info("%s done", name)

    quality.compare_totals(shipments, io.read_curated(spark, paths.curated("lateness")), "value_eur")
    legs.unpersist()
    spark.stop()


if __name__ == "__main__":
    main()
