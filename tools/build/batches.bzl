"""Libraries compiled a few files at a time.

Most of a file's compilation is reading the headers that its neighbours read, too. Toolchains that compile the same
libraries once more (the wheel's, the browser's) take several files as one by //tools/build:batches. The default
compiles each by itself, which shows that each includes what it uses, and compiles nothing else again after a change.

The anonymous namespaces of a batch are one: names in them are different in all files of a library.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")

_FLAG = {"_batches": attr.label(default = "//tools/build:batches")}

def _in_batches(ctx):
    return ctx.attr._batches[BuildSettingInfo].value

def _path(file):
    """As a file of the repository includes it, be it the main one or another's."""
    path = file.short_path
    return path.split("/", 2)[2] if path.startswith("../") else path

def _sources_impl(ctx):
    files = ctx.files.srcs
    if not _in_batches(ctx):
        return [DefaultInfo(files = depset(files))]
    compiled = [f for f in files if f.extension != "cc"]
    included = [f for f in files if f.extension == "cc"]
    for start in range(0, len(included), ctx.attr.size):
        group = included[start:start + ctx.attr.size]
        if len(group) == 1:
            compiled += group
            continue
        batch = ctx.actions.declare_file("{}_{}.cc".format(ctx.label.name, start // ctx.attr.size))
        ctx.actions.write(batch, "".join([
            "#include \"{}\"\n".format(_path(f))
            for f in group
        ]))
        compiled.append(batch)
    return [DefaultInfo(files = depset(compiled))]

_sources = rule(
    implementation = _sources_impl,
    attrs = dict(_FLAG, size = attr.int(mandatory = True), srcs = attr.label_list(allow_files = True)),
)

def _included_impl(ctx):
    return [DefaultInfo(files = depset(ctx.files.srcs if _in_batches(ctx) else []))]

_included = rule(
    implementation = _included_impl,
    attrs = dict(_FLAG, srcs = attr.label_list(allow_files = True)),
)

def batches(name, srcs, size):
    """What a library compiles instead of `srcs`, and has as textual headers: two lists of labels."""
    _sources(
        name = name + "_batch",
        size = size,
        srcs = srcs,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    _included(
        name = name + "_included",
        srcs = srcs,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    return [":" + name + "_batch"], [":" + name + "_included"]
