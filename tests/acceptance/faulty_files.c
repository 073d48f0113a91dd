// A layer under the journal's files that fails at one call: LD_PRELOAD it.
//
// FAULTY_NAME  only files whose path holds this count
// FAULTY_AT    the call that fails: the first is 1; writes, syncs and truncations count alike
// FAULTY_HOW   kill: the process dies before the call
//              torn: a write does half of its bytes, then the process dies
//              full: this write and all that follow find no space (ENOSPC)
//              broken: this call and all that follow fail with EIO
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int calls;

static int is_watched(int fd) {
    char link[64], path[4096];
    const char *name = getenv("FAULTY_NAME");
    ssize_t size;
    if (name == NULL) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = '\0';
    return strstr(path, name) != NULL;
}

static int is_how(const char *how) { return strcmp(getenv("FAULTY_HOW"), how) == 0; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// Whether the call is to fail, with errno set; for "torn" the caller writes half and dies.
static int fails(int fd, int is_write) {
    int at;
    if (!is_watched(fd)) return 0;
    calls++;
    at = atoi(getenv("FAULTY_AT"));
    if (calls < at) return 0;
    if (is_how("broken")) {
        errno = EIO;
        return 1;
    }
    if (is_how("full")) {
        errno = ENOSPC;
        return is_write;
    }
    if (calls > at) return 0;
    if (is_how("torn") && is_write) return 1;
    die();
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    if (fails(fd, 1)) {
        if (!is_how("torn")) return -1;
        REAL(write)(fd, data, size / 2);
        die();
    }
    return REAL(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    if (fails(fd, 1)) {
        if (!is_how("torn")) return -1;
        REAL(pwrite)(fd, data, size / 2, offset);
        die();
    }
    return REAL(pwrite)(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    if (fails(fd, 1)) {
        if (!is_how("torn")) return -1;
        REAL(pwrite64)(fd, data, size / 2, offset);
        die();
    }
    return REAL(pwrite64)(fd, data, size, offset);
}

int fsync(int fd) { return fails(fd, 0) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(fd, 0) ? -1 : REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t size) { return fails(fd, 0) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails(fd, 0) ? -1 : REAL(ftruncate64)(fd, size); }
