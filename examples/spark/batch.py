"""Scrubs a folder of Parquet with Spark: spark-submit batch.py IN OUT --key-file FILE [--patient COLUMN]

The package must be installed where executors run, and the key file must be there: it is read on each of them. Without a cluster:
spark-submit --master 'local[*]' ...
"""

import argparse

from pyspark.sql import SparkSession

from deidre import spark as deidre_spark

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("source")
parser.add_argument("target")
parser.add_argument("--policy", default="minimum-necessary")
parser.add_argument("--key-file")
parser.add_argument("--patient", help="column that says whose row it is")
parser.add_argument("--columns", nargs="*", help="columns that are searched (default: all)")
args = parser.parse_args()

spark = SparkSession.builder.appName("deidre").getOrCreate()
rows = spark.read.parquet(args.source)
clean = deidre_spark.deidentify(
    rows, columns=args.columns, patient=args.patient, policy=args.policy, key_file=args.key_file
)
clean.write.mode("errorifexists").parquet(args.target)
spark.stop()
