"""Scrubs notes as they arrive: files of NDJSON in, Parquet out, micro-batch by micro-batch.

    spark-submit stream.py IN OUT CHECKPOINTS --key-file FILE [--once]

IN is a folder into which files of {"mrn": ..., "note": ...} lines are moved when they are whole. What a micro-batch gives does not
depend on what else is in it, and a batch that is done again after a failure gives the same: with Spark's checkpoints each row
is written once.
"""

import argparse

from pyspark.sql import SparkSession

from deidre import spark as deidre_spark

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("source")
parser.add_argument("target")
parser.add_argument("checkpoints")
parser.add_argument("--policy", default="minimum-necessary")
parser.add_argument("--key-file")
parser.add_argument("--once", action="store_true", help="end when all that is there is done")
args = parser.parse_args()

spark = SparkSession.builder.appName("deidre stream").getOrCreate()
notes = spark.readStream.schema("mrn string, note string").json(args.source)
clean = deidre_spark.deidentify(notes, patient="mrn", policy=args.policy, key_file=args.key_file)
trigger = {"availableNow": True} if args.once else {"processingTime": "10 seconds"}
query = (
    clean.writeStream.format("parquet")
    .option("path", args.target)
    .option("checkpointLocation", args.checkpoints)
    .trigger(**trigger)
    .start()
)
query.awaitTermination()
spark.stop()
