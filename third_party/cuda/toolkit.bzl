"""The CUDA toolkit: an installed one, else the pinned wheels of requirements.txt."""

load("//third_party:pip.bzl", "unpack_wheels")

_MAJOR = "13"

# Of the wheels.
_RELEASE = "13.0"

# Shared libraries are named with their versions, as programs load them.
_CUBLAS = ["libcublasLt.so.13"]
_CUDART = ["libcudart_static.a"]
_CUDNN_PARTS = ["cnn", "engines_precompiled", "engines_runtime_compiled", "graph", "heuristic", "ops"]
_CUDNN = ["libcudnn.so.9"] + ["libcudnn_{}.so.9".format(part) for part in _CUDNN_PARTS]

def _nvrtc(release):
    return ["libnvrtc.so.13", "libnvrtc-builtins.so." + release]

def _first_existing(paths):
    for path in paths:
        if path.exists:
            return path
    return None

def _release(ctx, home):
    """The version of an installed toolkit, "13.0"; None where there is none."""
    nvcc = home.get_child("bin").get_child("nvcc")
    if not nvcc.exists:
        return None
    printed = ctx.execute([nvcc, "--version"]).stdout
    return printed.partition("release ")[2].partition(",")[0]

def _installed_toolkit(ctx):
    """(folder, release) of a toolkit that fits; None where there is none. One that CUDA_HOME names must fit."""
    named = ctx.os.environ.get("CUDA_HOME", "")
    home = ctx.path(named or "/usr/local/cuda")
    release = _release(ctx, home)
    fits = release and release.startswith(_MAJOR + ".")
    if named and not fits:
        fail("CUDA_HOME={} has no CUDA {} toolkit (found: {}); name one, or unset it to fetch one".format(
            named,
            _MAJOR,
            release or "no bin/nvcc",
        ))
    return (home, release) if fits else None

def _installed_cudnn(ctx, home):
    """(headers' folder, libraries' folder) of an installed cuDNN 9; None where there is none."""
    triple = ctx.execute(["gcc", "-print-multiarch"]).stdout.strip()
    named = ctx.os.environ.get("CUDNN_HOME", "")
    roots = ([named] if named else []) + [str(home), "/usr"]
    headers = [root + "/include" + below for root in roots for below in ["", "/" + triple]]
    libraries = [root + "/" + below for root in roots for below in ["lib64", "lib", "lib/" + triple]]
    header = _first_existing([ctx.path(folder + "/cudnn_graph.h") for folder in headers])
    library = _first_existing([ctx.path(folder + "/" + _CUDNN[0]) for folder in libraries])
    if named and not (header and library):
        fail("CUDNN_HOME={} has no cuDNN 9".format(named))
    return (header.dirname, library.dirname) if header and library else None

def _link_toolkit(ctx, home, release):
    for folder in ["bin", "include", "nvvm"]:
        ctx.symlink(home.get_child(folder), folder)
    places = ["lib64", "lib", "targets/x86_64-linux/lib"]
    nvrtc = _nvrtc(release)
    for library in _CUBLAS + _CUDART + nvrtc:
        path = _first_existing([ctx.path("{}/{}/{}".format(home, place, library)) for place in places])
        if path:
            ctx.symlink(path, "lib/" + library)
        elif library not in nvrtc:
            fail("{} has no {}".format(home, library))

def _link_cudnn(ctx, headers, libraries):
    for header in headers.readdir():
        if header.basename.startswith("cudnn"):
            ctx.symlink(header, "cudnn/include/" + header.basename)
    for library in _CUDNN:
        ctx.symlink(libraries.get_child(library), "cudnn/lib/" + library)

_REQUIREMENTS = Label("//third_party/cuda:requirements.txt")

_TOOLKIT_WHEELS = {
    "nvidia-cublas": ["*/include/*"] + ["*/" + library for library in _CUBLAS],
    "nvidia-cuda-cccl": ["*/include/*"],
    "nvidia-cuda-crt": ["*/include/*"],
    "nvidia-cuda-nvcc": ["*/bin/*", "*/include/*"],
    "nvidia-cuda-nvrtc": ["*/" + library for library in _nvrtc(_RELEASE)],
    "nvidia-cuda-runtime": ["*/include/*"] + ["*/" + library for library in _CUDART],
    "nvidia-curand": ["*/include/*"],
    "nvidia-nvvm": ["*/nvvm/bin/*", "*/nvvm/libdevice/*"],
}
_CUDNN_WHEELS = {"nvidia-cudnn-cu13": ["*/include/*"] + ["*/" + library for library in _CUDNN]}

def _cuda_toolkit_impl(ctx):
    installed = _installed_toolkit(ctx)
    if installed:
        home, release = installed
        _link_toolkit(ctx, home, release)
        cudnn = _installed_cudnn(ctx, home)
    else:
        unpack_wheels(ctx, _REQUIREMENTS, _TOOLKIT_WHEELS)
        for folder in ["bin", "include", "lib", "nvvm"]:
            ctx.symlink("nvidia/cu13/" + folder, folder)
        cudnn = None
    if cudnn:
        _link_cudnn(ctx, *cudnn)
    else:
        unpack_wheels(ctx, _REQUIREMENTS, _CUDNN_WHEELS)
        ctx.symlink("nvidia/cudnn", "cudnn")
    ctx.symlink(Label("//third_party/cuda:toolkit.BUILD"), "BUILD.bazel")

cuda_toolkit = repository_rule(
    implementation = _cuda_toolkit_impl,
    doc = """nvcc, and the runtime, cuBLASLt, cuRAND's headers and cuDNN.

CUDA_HOME, else /usr/local/cuda, else 1 GB of wheels; CUDNN_HOME, else beside the toolkit or in /usr, else a wheel.""",
    environ = ["CUDA_HOME", "CUDNN_HOME"],
)
