#!/bin/bash
# Reads every #include of the rooms and checks who may know whom. Prints the lines that break a rule.
#   check-includes.sh [ROOT]     the repository, or a folder laid out like it
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

# A room (the first pattern that a file's path matches) and what it may include, as regular expressions.
# Where a rule says "headers", the folders below are not meant.
rules='
^core/base/            ^core/base/
^core/tensor\.         ^core/(base/|tensor\.h)
^core/params           ^core/(base/|params)
^core/backend/cpu/     ^core/(base/|tensor\.h|backend/[a-z0-9_.]+\.h$|backend/cpu/)
^core/backend/cuda/    ^core/(base/|tensor\.h|backend/[a-z0-9_.]+\.h$|backend/cuda/)
^core/backend/         ^core/(base/|tensor\.h|params\.h|backend/)
^core/nn/              ^core/(base/|tensor\.h|params\.h|backend/[a-z0-9_.]+\.h$|nn/)
^core/train/           ^core/(base/|tensor\.h|params\.h|backend/[a-z0-9_.]+\.h$|nn/|train/)
^core/lab/             ^core/(base/|tensor\.h|params\.h|backend/[a-z0-9_.]+\.h$|nn/|train/|lab/)
^core/engine/          ^core/(base/|tensor\.h|params\.h|backend/[a-z0-9_.]+\.h$|nn/|train/|lab/|engine/)
^core/store/           ^core/(base/|params\.h|engine/event\.h|store/)
^core/job\.              ^core/(base/|job\.h)
^core/session          ^(core|datasets)/
^datasets/             ^(core/base/|core/tensor\.h|core/params\.h|core/train/source\.h|datasets/)
^views/                ^(views/|core/base/|core/session\.h|core/params\.h|core/engine/event\.h|datasets/[a-z0-9_]+\.h$)
^app/                  ^(app|core|datasets|views)/
^tests/                .
'
# Libraries that one place alone may know: the header, and the files that may include it.
owners='
^(n?curses|ncursesw/.*|term|panel|form|menu)\.h$   ^views/term\.c$
^(dnnl|oneapi/dnnl/).*                             ^core/backend/cpu/
^(cuda|cublas|cudnn|nvml).*                        ^core/backend/cuda/
^sqlite3\.h$                                       ^core/store/
^csv\.h$                                           ^datasets/
^archive(_entry)?\.h$                              ^datasets/archive\.c$
^curl/.*                                           ^datasets/get\.c$
^cmocka\.h$                                        ^tests/
'

find app core datasets views tests -type f \( -name '*.c' -o -name '*.h' -o -name '*.cu' -o -name '*.cuh' \) 2>/dev/null |
    sort | xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' |
    RULES=$rules OWNERS=$owners awk '
    function load(text, left, right,    lines, count, i, kept, parts) {
        count = split(text, lines, "\n")
        kept = 0
        for (i = 1; i <= count; i++)
            if (split(lines[i], parts, " ") == 2) {
                left[++kept] = parts[1]
                right[kept] = parts[2]
            }
        return kept
    }
    function complain(why) {
        print file ":" line ": " why ": " target
        bad++
    }
    function check_room(    i) {
        if (system("test -f \"" target "\"") != 0)
            return complain("no such file below the top folder")
        for (i = 1; i <= rooms; i++)
            if (file ~ room[i]) {
                if (target !~ may[i]) complain("this room may not include")
                return
            }
        complain("a file in no room includes")
    }
    function check_library(    i) {
        for (i = 1; i <= libraries; i++)
            if (target ~ library[i] && file !~ owner[i] && !(file ~ /^tests\// && library[i] !~ /curses/))
                complain("only " owner[i] " may include")
    }
    BEGIN {
        rooms = load(ENVIRON["RULES"], room, may)
        libraries = load(ENVIRON["OWNERS"], library, owner)
    }
    {
        split($0, place, ":")
        file = place[1]
        line = place[2]
        quoted = $0 ~ /include[ \t]*"/
        target = $0
        sub(/^[^"<]*["<]/, "", target)
        sub(/[">].*$/, "", target)
        count++
        if (quoted) check_room()
        check_library()
    }
    END {
        print "check-includes: " count " includes, " bad + 0 " against the rules"
        exit bad > 0
    }'
