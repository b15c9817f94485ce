#!/bin/bash
# Prints what has to be preloaded so that a plain Python can load an extension built with a sanitizer; nothing for others.
#
# usage: sanitizer_runtime.sh EXTENSION
runtime=$(readelf --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(lib[at]san\.so\.[0-9]*\)\].*/\1/p')
# The sanitizers look for C++'s throw when they start, and Python brings no C++.
[[ -z $runtime ]] || echo "$runtime:libstdc++.so.6"
