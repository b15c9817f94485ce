#!/bin/bash
# Prints the variables under which a plain Python can load an extension built with a sanitizer, for env; nothing for others.
#
# usage: sanitizer_env.sh EXTENSION
runtime=$(readelf --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(lib[at]san\.so\.[0-9]*\)\].*/\1/p')
[[ $runtime ]] || exit 0
# What the interpreter keeps to its end is no leak of ours. Tests of leaks look at the memory of the process, of which
# freed blocks held back and long stacks would take too much.
options=detect_leaks=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=16:malloc_context_size=5
# Children of threaded processes start threads of their own; who leaves the interpreter leaves its threads as they are.
races=die_after_fork=0:report_thread_leaks=0:suppressions=$PWD/$(dirname "$0")/value_races.supp
# The sanitizers look for C++'s throw when they start, and Python brings no C++.
echo "LD_PRELOAD=$runtime:libstdc++.so.6 ASAN_OPTIONS=${ASAN_OPTIONS:-}:$options TSAN_OPTIONS=${TSAN_OPTIONS:-}:$races"
