// What the load is asked to do.
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

struct options {
    const char *mode;
    int port, pid, connections, window, warm_messages;
    size_t bytes;
    double seconds, warm;
    bool binary, tls, deflate, spin;
    const char *deflated;
};

static struct options parse_options(int count, char **arguments) {
    if (count < 2) {
        fail("usage: load MODE port=N pid=N ...");
    }
    struct options options = {.mode = arguments[1],
                              .connections = 1,
                              .window = 1,
                              .bytes = 250,
                              .seconds = 0.5,
                              .warm = 0.03,
                              .deflated = ""};
    for (int i = 2; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL) {
            fail("%s is no NAME=VALUE", arguments[i]);
        }
        *value++ = '\0';
        const char *name = arguments[i];
        double number = atof(value);
        if (!strcmp(name, "port")) {
            options.port = (int)number;
        } else if (!strcmp(name, "pid")) {
            options.pid = (int)number;
        } else if (!strcmp(name, "connections")) {
            options.connections = (int)number;
        } else if (!strcmp(name, "window")) {
            options.window = (int)number;
        } else if (!strcmp(name, "bytes")) {
            options.bytes = (size_t)number;
        } else if (!strcmp(name, "seconds")) {
            options.seconds = number;
        } else if (!strcmp(name, "warm")) {
            options.warm = number;
        } else if (!strcmp(name, "warm_messages")) {
            options.warm_messages = (int)number;
        } else if (!strcmp(name, "binary")) {
            options.binary = number != 0;
        } else if (!strcmp(name, "tls")) {
            options.tls = number != 0;
        } else if (!strcmp(name, "deflate")) {
            options.deflate = number != 0;
        } else if (!strcmp(name, "spin")) {
            options.spin = number != 0;
        } else if (!strcmp(name, "deflated")) {
            options.deflated = value;
        } else {
            fail("no option %s", name);
        }
    }
    return options;
}
