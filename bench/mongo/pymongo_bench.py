"""The same documents through pymongo: HOW is one (insert_one) or many (insert_many of 1,000).
usage: pymongo_bench.py URI ROWS one|many. Inserts as many rows for each line it is given, and
prints the seconds it took and those of its processor time; at the end it counts them. Driven by
turns.py."""
import datetime
import random
import sys
import time

import bson
import pymongo


def document(draw, n, now_us):
    time_us = now_us + n
    now = datetime.datetime.utcfromtimestamp(now_us // 1000 / 1000)
    return {
        "_id": "%019d-%016x" % (time_us, draw.getrandbits(64)),
        "device": "sensor-%03d" % draw.randrange(100),
        "kind": "reading",
        "time": datetime.datetime.utcfromtimestamp(time_us // 1000 / 1000),
        "received": now,
        "received_us": bson.Int64(now_us),
        "score": draw.random() * 0.4,
        "threshold": 0.5,
        "anomalous": False,
        "certainty": "sure",
        "label": "Benign",
        "model": "series-1f3a9c02",
        "reading": [
            {"name": "temperature", "value": 20 + draw.randrange(1000) / 100},
            {"name": "humidity", "value": 40 + draw.randrange(3000) / 100},
            {"name": "battery", "value": float(n)},
        ],
        "batch": bson.Int64(n // 1000 + 1),
        "row": bson.Int64(n % 1000),
    }


def main():
    uri, rows, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    client = pymongo.MongoClient(uri, w="majority", journal=True)
    records = client.get_default_database()["verdicts"]
    # The indexes of the store, as far as the server has them.
    for fields in (["device", "_id"], ["label", "_id"], ["anomalous", "_id"], ["excluded"],
                   ["batch", "row"]):
        records.create_index([(field, 1) for field in fields])
    draw = random.Random(1)
    done = 0
    print("ready", flush=True)
    for _ in sys.stdin:
        documents = [document(draw, n, 1_700_000_000_000_000 + n // 1000 * 250_000)
                     for n in range(done, done + rows)]
        done += rows
        begun, own = time.perf_counter(), time.process_time()
        if how == "one":
            for one in documents:
                records.insert_one(one)
        else:
            for at in range(0, rows, 1000):
                records.insert_many(documents[at:at + 1000], ordered=False)
        print(time.perf_counter() - begun, time.process_time() - own, flush=True)
    if records.count_documents({}) != done:
        sys.exit("not all are there")


main()
