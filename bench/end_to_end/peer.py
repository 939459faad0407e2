#!/usr/bin/env python3
"""The plain Python service: paho-mqtt, json, a scikit-learn tree, SQLite.

usage: peer.py PORT COUNT DATABASE TRAINING.jsonl → prints "ready", then seconds first to last
"""
import json
import pathlib
import sqlite3
import sys
import time

import numpy
import paho.mqtt.client as mqtt
from sklearn.tree import DecisionTreeClassifier

NUMBERS = ("duration", "orig_bytes", "resp_bytes", "missed_bytes", "orig_pkts", "orig_ip_bytes",
           "resp_pkts", "resp_ip_bytes")
PROTOS = ("tcp", "udp", "icmp")
STATES = ("S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR",
          "OTH")


def row_of(flow):
    row = [float(flow.get(name, 0.0)) for name in NUMBERS]
    row += [1.0 if flow.get("proto") == name else 0.0 for name in PROTOS]
    row += [1.0 if flow.get("conn_state") == name else 0.0 for name in STATES]
    return row


def fit(path):
    rows, labels = [], []
    truths = path.with_suffix(".labels.jsonl")
    for line, truth in zip(path.open(), truths.open()):
        flow = json.loads(line)
        if "uid" in flow:
            rows.append(row_of(flow))
            labels.append(json.loads(truth)["label"])
    return DecisionTreeClassifier(max_depth=12).fit(numpy.array(rows, dtype=numpy.float32), labels)


def main():
    port, wanted = int(sys.argv[1]), int(sys.argv[2])
    model = fit(pathlib.Path(sys.argv[4]))
    base = sqlite3.connect(sys.argv[3], isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA synchronous=FULL")
    base.execute("CREATE TABLE verdicts (id TEXT PRIMARY KEY, topic TEXT, payload TEXT, "
                 "label TEXT, score REAL)")
    state = {"seen": 0, "first": 0.0, "open": False, "since": 0.0}

    def commit():
        if state["open"]:
            base.execute("COMMIT")
            state["open"] = False

    def on_message(client, _, message):
        now = time.monotonic()
        if state["seen"] == 0:
            state["first"] = now
        if not state["open"]:
            base.execute("BEGIN")
            state["open"], state["since"] = True, now
        body = json.loads(message.payload)
        label, score = "reading", 0.0
        if "uid" in body:
            row = numpy.array([row_of(body)], dtype=numpy.float32)
            chances = model.predict_proba(row)[0]
            best = int(chances.argmax())
            label, score = str(model.classes_[best]), float(chances[best])
        base.execute("INSERT OR IGNORE INTO verdicts VALUES (?, ?, ?, ?, ?)",
                     (str(body.get("uid", message.topic + str(message.payload))), message.topic,
                      message.payload.decode(), label, score))
        state["seen"] += 1
        if state["seen"] % 100 == 0 or now - state["since"] > 0.05 or state["seen"] == wanted:
            commit()
        if state["seen"] == wanted:
            commit()
            print(f"{time.monotonic() - state['first']:.6f}", flush=True)
            client.disconnect()

    client = mqtt.Client("python-peer", protocol=mqtt.MQTTv5)
    client.on_connect = lambda c, *_: c.subscribe("iot/#", 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_forever()


if __name__ == "__main__":
    main()
