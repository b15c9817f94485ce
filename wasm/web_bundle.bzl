"""The npm package: JavaScript around two WebAssembly modules."""

load("//tools/build:neura.bzl", "neura_cc_binary", "neura_cc_library")
load(":linked_ops.bzl", "linked_ops_header")
load(":version.bzl", "WASM")
load(":web_module.bzl", "web_module")

# Each with all that it imports, and without what people alone read.
_SCRIPTS = ["index.js", "worker.js"]

def _package_impl(ctx):
    package_json = ctx.actions.declare_file(ctx.label.name + "/package.json")
    ctx.actions.expand_template(
        template = ctx.file._package_json,
        output = package_json,
        substitutions = {"{NAME}": ctx.attr.package_name, "{VERSION}": WASM.version},
    )
    outputs = [package_json]

    # Messages name the classes of what does not fit. What users' bundlers are told in comments is lost on the way, and
    # said again.
    scripts = [ctx.actions.declare_file("{}/{}".format(ctx.label.name, name)) for name in _SCRIPTS]
    ctx.actions.run_shell(
        outputs = scripts,
        inputs = ctx.files._javascript,
        command = """
          esbuild --log-level=warning --bundle --minify --keep-names --format=esm --target=es2022 --outdir="$1" "${@:2}" &&
            sed --in-place 's|import(`node:|import(/* webpackIgnore: true */ /* @vite-ignore */`node:|' "$1"/*.js
        """,
        arguments = [scripts[0].dirname] + [file.path for file in ctx.files._javascript if file.basename in _SCRIPTS],
        mnemonic = "Esbuild",
        progress_message = "Bundling JavaScript of " + ctx.label.name,
    )
    outputs += scripts

    # Copies: what a module is beside is where its symbolic link leads.
    copies = {source.basename: source for source in ctx.files.srcs}
    copies["neura.wasm"] = ctx.file.module
    copies["neura-threads.wasm"] = ctx.file.threads_module
    if ctx.file.model:
        copies[ctx.file.model.basename] = ctx.file.model
    for name, source in copies.items():
        output = ctx.actions.declare_file("{}/{}".format(ctx.label.name, name))
        ctx.actions.run_shell(
            outputs = [output],
            inputs = [source],
            command = "cp \"$1\" \"$2\"",
            arguments = [source.path, output.path],
        )
        outputs.append(output)
    return [DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(files = outputs))]

_package = rule(
    implementation = _package_impl,
    attrs = {
        # Made in the one configuration in which its operations are listed.
        "model": attr.label(allow_single_file = [".onnx"], cfg = "host"),
        "module": attr.label(mandatory = True, allow_single_file = True),
        "package_name": attr.string(mandatory = True),
        "srcs": attr.label_list(mandatory = True, allow_files = True),
        "threads_module": attr.label(mandatory = True, allow_single_file = True),
        "_javascript": attr.label(default = "//wasm:javascript"),
        # Not made of a dictionary: Bazel sorts, and of conditions the first that fits counts.
        "_package_json": attr.label(allow_single_file = True, default = "//wasm:package.json.in"),
    },
)

def neura_web_bundle(name, model = None, package_name = "neura", **kwargs):
    """The folder <name>, an npm package.

    Compiling the libraries takes minutes, once for all bundles; each compiles for itself only what selects operations.

    Args:
      name: of the target and the folder.
      model: an .onnx file. The bundle then has the operations of this model and no others, and the file; else all that
        //wasm:linked_ops says.
      package_name: under which programs import it; other than "neura" where one program has several.
      **kwargs: visibility and the like.
    """
    linked_ops = Label("//wasm:linked_ops")
    if model != None:
        header = name + "_linked_ops/linked_ops.h"
        linked_ops_header(
            name = name + "_linked_ops_header",
            model = model,
            out = header,
        )
        linked_ops = name + "_linked_ops"
        native.cc_library(
            name = linked_ops,
            hdrs = [header],
            include_prefix = "neura/tensor/ops",
            strip_include_prefix = linked_ops,
        )
    neura_cc_library(
        name = name + "_ops",
        srcs = [Label("//wasm:op_selection")],
        batch = 1,
        tags = ["manual"],  # a library for this machine has it in itself
        deps = [
            linked_ops,
            Label("//wasm:exports"),
        ],
        alwayslink = True,
    )
    for module, threads in {"module": False, "threads_module": True}.items():
        program = "{}_{}_program".format(name, module)
        neura_cc_binary(
            name = program,
            tags = ["manual"],  # without main(): no program of this machine
            deps = [name + "_ops"] + ([Label("//wasm:threads")] if threads else []),
        )
        web_module(
            name = "{}_{}".format(name, module),
            program = program,
            threads = threads,
        )
    _package(
        name = name,
        model = model,
        module = name + "_module",
        package_name = package_name,
        srcs = [Label("//wasm:package_files")],
        threads_module = name + "_threads_module",
        **kwargs
    )
