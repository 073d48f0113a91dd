// Ending with one line that says why: the caller shows it instead of a number.
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

__attribute__((noreturn)) static void fail_errno(const char *action) {
    fail("%s: %s", action, strerror(errno));
}

static void *allocate(size_t bytes) {
    void *memory = calloc(1, bytes ? bytes : 1);
    if (memory == NULL) {
        fail("no memory for %zu bytes", bytes);
    }
    return memory;
}
