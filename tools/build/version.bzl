"""Versions of the libraries, and which of them work together.

Each library has a version.bzl:

    load("//tensor:version.bzl", "TENSOR")
    load("//tools/build:version.bzl", "library_version")

    AUTOGRAD = library_version(
        "autograd",
        "0.2.1",
        works_with = [(TENSOR, "0.3.0", "0.5.0")],  # from 0.3.0 up to, but without, 0.5.0
    )

and its BUILD file makes a target of it, `neura_version(AUTOGRAD)`, so that loading the package checks the ranges. C++ reads
the version as neura::kAutogradVersion in "neura/autograd/version.h" (target //autograd:version).
"""

load(":neura.bzl", "neura_cc_library")

def _parse(version):
    parts = version.split(".")
    if len(parts) != 3 or not all([part.isdigit() for part in parts]):
        fail("'{}' is not a version of the form major.minor.patch".format(version))
    return [int(part) for part in parts]

def library_version(name, version, works_with = []):
    """A library's semantic version, once every library in works_with is seen to be in its range.

    Args:
      name: the library's folder.
      version: "major.minor.patch".
      works_with: (another library's version, first good version, first bad version) triples.

    Returns:
      A struct with the fields name and version.
    """
    _parse(version)
    for other, first_good, first_bad in works_with:
        if not (_parse(first_good) <= _parse(other.version) and _parse(other.version) < _parse(first_bad)):
            fail("{} {} works with {} from {} up to, but without, {}; here is {} {}".format(
                name,
                version,
                other.name,
                first_good,
                first_bad,
                other.name,
                other.version,
            ))
    return struct(name = name, version = version)

_HEADER = """// The version of this library, from //{name}:version.bzl.

#ifndef NEURA_{upper}_VERSION_H_
#define NEURA_{upper}_VERSION_H_

namespace neura {{

inline constexpr char k{camel}Version[] = "{version}";

}}  // namespace neura

#endif  // NEURA_{upper}_VERSION_H_
"""

def _version_header_impl(ctx):
    ctx.actions.write(ctx.outputs.out, _HEADER.format(
        camel = ctx.attr.library.capitalize(),
        name = ctx.attr.library,
        upper = ctx.attr.library.upper(),
        version = ctx.attr.version,
    ))

_version_header = rule(
    implementation = _version_header_impl,
    attrs = {
        "library": attr.string(mandatory = True),
        "out": attr.output(mandatory = True),
        "version": attr.string(mandatory = True),
    },
)

def neura_version(library, visibility = ["//visibility:public"]):
    """The target :version, whose header is "neura/<library>/version.h"."""
    _version_header(
        name = "version_header",
        library = library.name,
        out = "version.h",
        version = library.version,
    )
    neura_cc_library(
        name = "version",
        hdrs = ["version.h"],
        visibility = visibility,
    )
