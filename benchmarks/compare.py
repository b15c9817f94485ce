#!/usr/bin/env python3
"""Times Neura and a peer side by side and prints one JSON object a line.

For each case: check that both compute the same, then rounds of A B B A, each run long enough to be measured. `ratio` is
the median over rounds of the peer's time over ours: above 1, Neura is faster. Each side is a process of its own, and
the one that is not running is stopped, so that no idle thread of the other disturbs it. `self_ratio` is the spread of
ours against ours; no claim is worth more than that.
"""

import argparse
import glob
import gzip
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITES = {
    "ops": [
        "add_8", "mul_number_8", "zeros_8", "add_8_grad", "mul_sum_backward_8", "matmul_32", "matmul_128", "matmul_512",
        "matmul_1024",
        "linear_32x768x768", "conv2d_64x56x56_3x3", "conv2d_b64_32x14x14_3x3", "max_pool2d_b64_32x28x28", "add_1m",
        "exp_1m", "sum_1m", "softmax_1536x128", "layer_norm_128x768", "tanh_1000x1000", "erf_1000x1000", "sin_1000x1000",
        "gelu_1000x1000", "pow_1000x1000", "sum_rows_1000x1000", "norm_1000x1000",
        "logsumexp_1000x1000", "prod_1m", "to_int64_1000x1000",
        "tril_1000x1000", "flip_1000x1000", "sort_1000x1000", "topk10_1000x1000", "kthvalue_1000x1000",
        "nonzero_1000x1000", "masked_select_1000x1000", "unique_1m", "index_select_columns_1000x5000",
        "gather_1000x1000", "scatter_add_1000x1000", "bincount_5000", "interpolate_bilinear_16x64x32x32",
        "interpolate_bicubic_16x64x32x32", "interpolate_nearest_16x64x32x32", "rand_1m", "randn_1m",
    ],
    "train": ["fashion_mnist_cnn_b64", "mlp_784_256_10_b64"],
    # Neura's package in the place of the C++ program.
    "python": [
        "add_8", "mul_number_8", "zeros_8", "add_8_grad", "linear_module_32", "mul_sum_backward_8",
        "fashion_mnist_cnn_b64", "mlp_784_256_10_b64",
    ],
    # The package for browsers beside ONNX Runtime Web, both in the same Node.
    "wasm": ["matmul_512", "conv2d_64x56x56_3x3", "fashion_mnist_cnn_b1", "fashion_mnist_cnn_b64", "load_5mb"],
}  # fmt: skip


PEER_OF_WASM = "onnxruntime-web@1.30.0"


class Side:
    """A process that serves the commands of worker.cc; stopped except while it answers."""

    def __init__(self, command, threads, path=""):
        environment = dict(os.environ, NEURA_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads), PYTHONPATH=path)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        if threads == 1:
            os.sched_setaffinity(self.process.pid, {min(os.sched_getaffinity(0))})
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, question):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(question + "\n")
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"the process for {question!r} ended")
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def time(self, case, runs):
        return int(self.ask(f"run {case} {runs}")) / runs

    def close(self):
        self.process.kill()
        self.process.wait()


def check(case, ours, peer):
    a = [float(x) for x in ours.ask(f"value {case}").split()]
    b = [float(x) for x in peer.ask(f"value {case}").split()]
    scale = max(map(abs, b), default=0) + 1e-6
    if len(a) != len(b) or any(abs(x - y) > 1e-3 * scale for x, y in zip(a, b)):
        sys.exit(f"{case}: the results differ")


def runs_for(side, case, seconds):
    """How often to run so that it takes about `seconds`."""
    side.time(case, 3)
    once = max(side.time(case, 3), 1)
    return max(int(seconds * 1e9 / once), 1)


def compare(case, ours, peer, rounds, seconds):
    check(case, ours, peer)
    a, b = runs_for(ours, case, seconds), runs_for(peer, case, seconds)
    ours_times, peer_times, ratios, self_ratios = [], [], [], []
    for _ in range(rounds):
        a1, b1, b2, a2 = ours.time(case, a), peer.time(case, b), peer.time(case, b), ours.time(case, a)
        ours_times += [a1, a2]
        peer_times += [b1, b2]
        ratios.append((b1 + b2) / (a1 + a2))
        self_ratios.append(a1 / a2)
    ratios.sort()
    return {
        "ours_ns": round(statistics.median(ours_times)),
        "peer_ns": round(statistics.median(peer_times)),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_quartiles": [round(ratios[len(ratios) // 4], 3), round(ratios[len(ratios) * 3 // 4], 3)],
        "self_ratio": [round(min(self_ratios), 3), round(max(self_ratios), 3)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", choices=sorted(SUITES), action="append", help="which (default: all)")
    parser.add_argument("--threads", type=int, action="append", help="how many (default: 1 and 2)")
    parser.add_argument("--case", action="append", help="only these cases")
    parser.add_argument(
        "--peer-python", default="/usr/bin/python3", help="the interpreter whose PyTorch is the peer (default: Debian's)"
    )
    parser.add_argument("--device", default="cpu", help="where both compute: cpu, or cuda for --config=cuda")
    parser.add_argument("--worker", help="the program //benchmarks:worker, built elsewhere: builds nothing")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.05, help="of one timed run")
    options = parser.parse_args()

    suites = [suite for suite in SUITES if not options.suite or suite in options.suite]
    if options.device != "cpu" or options.worker:
        if set(options.suite or ()) - {"ops", "train"}:
            parser.error("--device and --worker are for the suites ops and train")
        suites = [suite for suite in suites if suite in ("ops", "train")]
    targets = ["//benchmarks:worker"]
    if "wasm" in suites:
        targets += ["//benchmarks:web_models", "//examples/web:neura", "//wasm:bundle"]
    if not options.worker:
        subprocess.run([os.path.join(ROOT, "tools/setup.sh"), "benchmark"], check=True)
        build = ["bazel", "build", "--ui_event_filters=-info", "--noshow_progress"]
        if options.device != "cpu":
            build.append("--config=cuda")
        subprocess.run(build + targets, cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as package:
        if "python" in suites:
            wheel = subprocess.run([os.path.join(ROOT, "tools/wheel.sh"), "3.11"], stdout=subprocess.PIPE, check=True)
            zipfile.ZipFile(wheel.stdout.decode().strip()).extractall(package)
        for threads in options.threads or [1, 2]:
            run_suites(suites, threads, options, package)


def run_suites(suites, threads, options, package):
    worker = [options.worker or os.path.join(ROOT, "bazel-bin/benchmarks/worker"), options.device]
    program = os.path.join(ROOT, "benchmarks/python_side.py")
    torch = [options.peer_python, program, "torch", str(threads), options.device]
    ours, peer = Side(worker, threads), Side(torch, threads)
    flops, bandwidth = map(float, ours.ask("machine").split())
    version = peer.ask("version").strip()
    print(json.dumps({"machine": {"fma_gflops_1t": round(flops / 1e9, 1),
                                  "triad_gb_s_1t": round(bandwidth / 1e9, 1)}}), flush=True)  # fmt: skip
    for suite in suites:
        if suite == "wasm":
            if threads == 1:  # the peer has threads in browsers alone
                compare_wasm(options)
            continue
        if suite == "python":
            # Both anew: what the other suites have trained must not be compared.
            ours.close()
            peer.close()
            ours, peer = Side(["/usr/bin/python3", program, "neura", str(threads)], threads, package), Side(torch, threads)
        for case in SUITES[suite]:
            if options.case and case not in options.case:
                continue
            row = {"suite": suite, "case": case, "device": options.device, "threads": threads, "peer": version}
            row.update(compare(case, ours, peer, options.rounds, options.seconds))
            print(json.dumps(row), flush=True)
    ours.close()
    peer.close()
    if "train" in suites:
        memory(threads, worker, torch, version)


def compare_wasm(options):
    """On one thread, Neura's package and ONNX Runtime Web, which npm installs where git does not look."""
    cache = os.path.join(ROOT, ".cache/npm")
    peer_package = os.path.join(cache, "node_modules/onnxruntime-web")
    if not os.path.exists(peer_package):
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", cache, PEER_OF_WASM]
        subprocess.run(install, check=True)
    package = os.path.join(ROOT, "bazel-bin/wasm/bundle")
    trained = os.path.join(ROOT, "bazel-bin/examples/web/neura/fashion_mnist.onnx")
    with tempfile.TemporaryDirectory() as models:
        subprocess.run([os.path.join(ROOT, "bazel-bin/benchmarks/web_models"), models], check=True)
        os.symlink(trained, os.path.join(models, "fashion_mnist.onnx"))
        side = ["node", os.path.join(ROOT, "benchmarks/web_side.mjs")]
        ours = Side(side + ["neura", package, "1", models], 1)
        peer = Side(side + ["onnxruntime-web", peer_package, "1", models], 1)
        version = peer.ask("version").strip()
        for case in SUITES["wasm"]:
            if options.case and case not in options.case:
                continue
            row = {"suite": "wasm", "case": case, "threads": 1, "peer": version}
            row.update(compare(case, ours, peer, options.rounds, options.seconds))
            print(json.dumps(row), flush=True)
        ours.close()
        peer.close()
    sizes(package, peer_package, version)


def sizes(package, peer_package, version):
    """Gzipped bytes of what one page loads: a module and the JavaScript around it."""

    def gzipped(folder, *patterns):
        paths = [path for pattern in patterns for path in glob.glob(os.path.join(folder, pattern))]
        return sum(len(gzip.compress(open(path, "rb").read(), 9)) for path in paths)

    peer_bytes = gzipped(peer_package, "dist/ort-wasm-simd-threaded.wasm", "dist/ort-wasm-simd-threaded.mjs",
                         "dist/ort.wasm.min.mjs")  # fmt: skip
    model_package = os.path.join(ROOT, "bazel-bin/examples/web/neura")
    for case, folder in {"size_every_operation": package, "size_fashion_mnist_cnn": model_package}.items():
        ours = gzipped(folder, "neura-threads.wasm", "*.js")
        print(json.dumps({"suite": "wasm", "case": case, "peer": version, "ours_bytes": ours,
                          "peer_bytes": peer_bytes, "ratio": round(peer_bytes / ours, 3)}), flush=True)  # fmt: skip


def memory(threads, worker, torch, version):
    """Peak resident memory of a process that trains the example's network."""
    case = "fashion_mnist_cnn_b64"
    peaks = []
    for command in (worker, torch):
        side = Side(command, threads)
        side.time(case, 100)
        peaks.append(int(side.ask("memory")))
        side.close()
    print(json.dumps({"suite": "train", "case": case + "_peak_memory", "threads": threads, "peer": version,
                      "ours_bytes": peaks[0], "peer_bytes": peaks[1],
                      "ratio": round(peaks[1] / peaks[0], 3)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
