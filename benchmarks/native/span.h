// The time that is measured, and the waiting in it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "options.h"
#include "process.h"

enum { EVENTS_MAX = 1024, QUIET_SECONDS = 30, SPAN_SECONDS_MAX = 60 };

// The span that is measured: until the server has used up `seconds` of CPU time, whatever the clock
// says. On a machine that others use too, a second of the clock may hold next to nothing of it.
struct span {
    const struct options *options;
    double cpu_from;    // CPU time at which it begins; then, at which it began
    double began_at;    // by the clock
    double looks_at;    // by the clock; looking costs too much for every message
    double gives_up_at; // by the clock
    bool has_begun;
};

static struct span plan_span(const struct options *options) {
    double now = now_seconds();
    return (struct span){.options = options,
                         .cpu_from = cpu_seconds_of(options->pid) + options->warm,
                         .looks_at = now,
                         .gives_up_at = now + SPAN_SECONDS_MAX};
}

// Return whether it is time to look at the server again, and how much CPU time it has used if so.
static bool looks(struct span *span, double *cpu) {
    double now = now_seconds();
    if (now < span->looks_at) {
        return false;
    }
    span->looks_at = now + 0.005;
    *cpu = cpu_seconds_of(span->options->pid);
    return true;
}

// Say once that the warming up is over; what was counted so far does not count.
static bool span_begins(struct span *span) {
    double cpu;
    if (span->has_begun || !looks(span, &cpu) || cpu < span->cpu_from) {
        return false;
    }
    span->has_begun = true;
    span->cpu_from = cpu;
    span->began_at = now_seconds();
    return true;
}

static bool span_is_over(struct span *span) {
    double cpu;
    if (!span->has_begun || !looks(span, &cpu)) {
        return false;
    }
    return cpu - span->cpu_from >= span->options->seconds || now_seconds() > span->gives_up_at;
}

static void report_span(const struct span *span, uint64_t count, uint64_t compressed) {
    printf("{\"count\": %llu, \"compressed\": %llu, \"cpu_seconds\": %.6f, "
           "\"wall_seconds\": %.6f}\n",
           (unsigned long long)count, (unsigned long long)compressed,
           cpu_seconds_of(span->options->pid) - span->cpu_from, now_seconds() - span->began_at);
}

// Wait until the server has said something; with `spin`, without sleeping. A server that wakes a
// load on another CPU pays for an interrupt there, and in a virtual machine that is many times the
// cost of a message: it would drown what is measured, and behind a network nobody pays it.
static int wait_for_events(int poller, struct epoll_event *events,
                           const struct options *options) {
    double patience_ends_at = now_seconds() + QUIET_SECONDS;
    int timeout_ms = options->spin ? 0 : QUIET_SECONDS * 1000;
    for (unsigned turn = 1;; turn++) {
        int count = epoll_wait(poller, events, EVENTS_MAX, timeout_ms);
        if (count > 0) {
            return count;
        }
        if (count < 0) {
            fail_errno("wait");
        }
        if (!options->spin || (turn % 1024 == 0 && now_seconds() > patience_ends_at)) {
            fail("the server has said nothing for %d seconds", QUIET_SECONDS);
        }
    }
}

static void watch(int poller, int operation, int fd, uint32_t number, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = number};
    if (epoll_ctl(poller, operation, fd, &event) < 0) {
        fail_errno("watch a socket");
    }
}
