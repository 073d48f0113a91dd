// The load of the WebSocket benchmark: one thread that keeps many connections busy.
//
//     load MODE port=N pid=N [NAME=NUMBER | NAME=TEXT ...]
//
//   echo   `connections` each keep `window` messages of `bytes` under way, and get them back
//   fan    one publisher sends bursts of `window` messages; each reaches all `connections`
//   open   `connections` at a time are opened, upgraded and closed again, over and over
//   get    `connections` each send one HTTP request after the other
//   idle   `connections` are opened, echo one message each and stay
//
// Others: `seconds` of CPU time of the server to measure, after `warm` such seconds and, for fan,
// after `warm_messages`; `binary=1`, `tls=1`, `deflate=1`; `spin=1` not to sleep; for idle
// `deflated=HEX`, the compressed message.
//
// It reads the CPU time of process `pid`, the server, and prints a line of JSON: what was counted,
// and how much of the server's time that took. Whatever differs from what is due ends it with
// status 2 and the reason on stderr.
#define _GNU_SOURCE
#include <string.h>
#include <sys/resource.h>

#include "options.h"
#include "staying.h"
#include "talking.h"
#include "visiting.h"

static void allow_many_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int count, char **arguments) {
    struct options options = parse_options(count, arguments);
    allow_many_files();
    if (!strcmp(options.mode, "echo")) {
        run_echo(&options);
    } else if (!strcmp(options.mode, "fan")) {
        run_fan(&options);
    } else if (!strcmp(options.mode, "open")) {
        run_open(&options);
    } else if (!strcmp(options.mode, "get")) {
        run_get(&options);
    } else if (!strcmp(options.mode, "idle")) {
        run_idle(&options);
    } else {
        fail("no mode %s", options.mode);
    }
    return 0;
}
