// What Linux tells about another process, and what time it is.
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fail.h"

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// CPU time of all threads that live, in seconds. `schedstat` counts nanoseconds; the better known
// `stat` counts ticks of 10 ms, and of one thread only would miss those that a library starts.
static double cpu_seconds_of(int pid) {
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL) {
        fail("the server is gone, or there is no /proc");
    }
    double nanoseconds = 0;
    struct dirent *thread;
    while ((thread = readdir(threads)) != NULL) {
        if (thread->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, thread->d_name);
        FILE *file = fopen(path, "r");
        unsigned long long on_cpu = 0;
        if (file == NULL || fscanf(file, "%llu", &on_cpu) != 1) {
            fail("this kernel keeps no %s", path);
        }
        fclose(file);
        nanoseconds += (double)on_cpu;
    }
    closedir(threads);
    return nanoseconds * 1e-9;
}

// Memory of a process that is in RAM, in bytes.
static double resident_bytes_of(int pid) {
    char text[300];
    snprintf(text, sizeof text, "/proc/%d/status", pid);
    FILE *file = fopen(text, "r");
    if (file == NULL) {
        fail("the server is gone, or there is no /proc");
    }
    unsigned long kibibytes = 0;
    while (fgets(text, sizeof text, file) != NULL) {
        if (sscanf(text, "VmRSS: %lu", &kibibytes) == 1) {
            break;
        }
    }
    fclose(file);
    return (double)kibibytes * 1024;
}
