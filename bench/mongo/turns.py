"""Lets the store and pymongo insert in turns of 2,000 rows, so that whatever else the machine does
meets all of them alike. usage: turns.py MONGO_BENCH URI ROWS [PID of the server]"""
import os
import statistics
import subprocess
import sys
import time

TURN = 2_000
ONE_SHARE = 8  # insert_one inserts an eighth as many


def processor_seconds(pid):
    if pid is None:
        return 0.0
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker:
    """A program that does a turn for each line it is given, and answers with the seconds it took
    and those of its processor time."""

    def __init__(self, name, rows, command, pid):
        self.name, self.rows, self.pid = name, rows, pid
        self.seconds, self.own, self.server = [], 0.0, 0.0
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name}: {self.process.stderr.read()}")
        return line

    def turn(self):
        before = processor_seconds(self.pid)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds, own = map(float, self.answer().split())
        self.seconds.append(seconds)
        self.own += own
        self.server += processor_seconds(self.pid) - before

    def finish(self):
        """What was inserted is counted now."""
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit(f"{self.name}: {self.process.stderr.read()}")

    def total(self):
        return self.rows * len(self.seconds)

    def rate(self):
        return self.total() / sum(self.seconds)


def main():
    bench, uri, rows = sys.argv[1], sys.argv[2].rstrip("/"), int(sys.argv[3])
    pid = int(sys.argv[4]) if len(sys.argv) > 4 else None
    peer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pymongo_bench.py")
    stamp = int(time.time())

    def database(name):
        return f"{uri}/bench_{stamp}_{name}"

    workers = [
        Worker("store, 1,000", TURN, [bench, database("a"), str(TURN), "1000"], pid),
        Worker("store, 2,000", TURN, [bench, database("b"), str(TURN), "2000"], pid),
        Worker("insert_many", TURN, ["/usr/bin/python3", peer, database("c"), str(TURN), "many"],
               pid),
        Worker("insert_one", TURN // ONE_SHARE,
               ["/usr/bin/python3", peer, database("d"), str(TURN // ONE_SHARE), "one"], pid),
    ]
    for turn in range(rows // TURN):
        shift = turn % len(workers)
        order = workers[shift:] + workers[:shift]
        for worker in order if turn % 2 == 0 else reversed(order):
            worker.turn()
    for worker in workers:
        worker.finish()
    print("processor time a row, µs:" if pid else "the server's processor time is not known")
    print(f"{'':14}{'rows':>8}{'rows/s':>8}{'server':>8}{'client':>8}")
    for worker in workers:
        server, client = (part / worker.total() * 1e6 for part in (worker.server, worker.own))
        print(f"{worker.name:14}{worker.total():8}{worker.rate():8.0f}{server:8.0f}{client:8.0f}")
    for store in workers[:2]:
        for other, asked in ((workers[2], 1), (workers[3], 5)):
            each = sorted((b / other.rows) / (a / store.rows)
                          for a, b in zip(store.seconds, other.seconds))
            print(f"{store.name} ÷ {other.name}: {store.rate() / other.rate():.2f} over all, "
                  f"of {len(each)} turns median {statistics.median(each):.2f}, "
                  f"{each[len(each) // 10]:.2f} to {each[-1 - len(each) // 10]:.2f} without the "
                  f"outer tenths (asked for: {asked})")


main()
