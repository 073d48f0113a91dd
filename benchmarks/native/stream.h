// A TCP connection to the server, in the clear or inside TLS, and the opening handshake over it.
#pragma once

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"

enum { HEAD_BYTES_MAX = 4096 };

// The key of the example in RFC 6455 section 1.3.
#define HANDSHAKE_KEY "dGhlIHNhbXBsZSBub25jZQ=="

struct stream {
    int fd;
    void *tls; // an SSL of OpenSSL; NULL in the clear
};

// OpenSSL is looked up when it is needed, so that no headers of it need be installed.
static struct {
    void *context;
    void *(*SSL_new)(void *context);
    int (*SSL_set_fd)(void *tls, int fd);
    int (*SSL_connect)(void *tls);
    int (*SSL_read)(void *tls, void *data, int bytes);
    int (*SSL_write)(void *tls, const void *data, int bytes);
    int (*SSL_get_error)(const void *tls, int result);
    void (*SSL_free)(void *tls);
} openssl;

static void *openssl_function(void *library, const char *name) {
    void *function = dlsym(library, name);
    if (function == NULL) {
        fail("libssl has no %s", name);
    }
    return function;
}

static void load_openssl(void) {
    static const char *const names[] = {"libssl.so.3", "libssl.so.1.1", "libssl.so"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && library == NULL; i++) {
        library = dlopen(names[i], RTLD_NOW);
    }
    if (library == NULL) {
        fail("no libssl for the load of TLS");
    }
    const void *(*TLS_client_method)(void);
    void *(*SSL_CTX_new)(const void *method);
    long (*SSL_CTX_ctrl)(void *context, int command, long value, void *pointer);
    // C has no cast from an object pointer to a function pointer; POSIX promises that this works.
    *(void **)&TLS_client_method = openssl_function(library, "TLS_client_method");
    *(void **)&SSL_CTX_new = openssl_function(library, "SSL_CTX_new");
    *(void **)&SSL_CTX_ctrl = openssl_function(library, "SSL_CTX_ctrl");
    *(void **)&openssl.SSL_new = openssl_function(library, "SSL_new");
    *(void **)&openssl.SSL_set_fd = openssl_function(library, "SSL_set_fd");
    *(void **)&openssl.SSL_connect = openssl_function(library, "SSL_connect");
    *(void **)&openssl.SSL_read = openssl_function(library, "SSL_read");
    *(void **)&openssl.SSL_write = openssl_function(library, "SSL_write");
    *(void **)&openssl.SSL_get_error = openssl_function(library, "SSL_get_error");
    *(void **)&openssl.SSL_free = openssl_function(library, "SSL_free");
    openssl.context = SSL_CTX_new(TLS_client_method());
    if (openssl.context == NULL) {
        fail("libssl makes no context");
    }
    // A write may end anywhere and go on from another address, as send() does.
    enum { SSL_CTRL_MODE = 33, ENABLE_PARTIAL_WRITE = 1, ACCEPT_MOVING_WRITE_BUFFER = 2 };
    SSL_CTX_ctrl(openssl.context, SSL_CTRL_MODE, ENABLE_PARTIAL_WRITE | ACCEPT_MOVING_WRITE_BUFFER,
                 NULL);
}

static int new_socket(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        fail_errno("open a socket");
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void set_blocking(int fd, bool blocking) {
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// Connect, and agree on TLS where it is asked for; the socket is left blocking.
static struct stream stream_open(int port, bool tls) {
    struct stream stream = {.fd = new_socket(), .tls = NULL};
    struct sockaddr_in address = loopback(port);
    if (connect(stream.fd, (struct sockaddr *)&address, sizeof address) < 0) {
        fail_errno("connect");
    }
    struct timeval patience = {.tv_sec = 10};
    setsockopt(stream.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (tls) {
        if (openssl.context == NULL) {
            load_openssl();
        }
        stream.tls = openssl.SSL_new(openssl.context);
        if (stream.tls == NULL || !openssl.SSL_set_fd(stream.tls, stream.fd) ||
            openssl.SSL_connect(stream.tls) != 1) {
            fail("no TLS with the server");
        }
    }
    return stream;
}

static ssize_t tls_result(struct stream *stream, int result, const char *action) {
    enum { WANT_READ = 2, WANT_WRITE = 3, ZERO_RETURN = 6 };
    if (result > 0) {
        return result;
    }
    int error = openssl.SSL_get_error(stream->tls, result);
    if (error == WANT_READ || error == WANT_WRITE) {
        return -1;
    }
    if (error == ZERO_RETURN) {
        return 0;
    }
    fail("%s over TLS: error %d", action, error);
}

// Read what is there; 0 where the server hung up, -1 where there is nothing now.
static ssize_t stream_read(struct stream *stream, void *data, size_t bytes) {
    if (stream->tls != NULL) {
        return tls_result(stream, openssl.SSL_read(stream->tls, data, (int)bytes), "read");
    }
    ssize_t result = recv(stream->fd, data, bytes, 0);
    if (result < 0 && errno != EAGAIN) {
        fail_errno("read");
    }
    return result;
}

// Write what fits; -1 where nothing does now.
static ssize_t stream_write(struct stream *stream, const void *data, size_t bytes) {
    if (stream->tls != NULL) {
        return tls_result(stream, openssl.SSL_write(stream->tls, data, (int)bytes), "write");
    }
    ssize_t result = send(stream->fd, data, bytes, MSG_NOSIGNAL);
    if (result < 0 && errno != EAGAIN) {
        fail_errno("write");
    }
    return result;
}

static void stream_write_all(struct stream *stream, const void *data, size_t bytes) {
    const uint8_t *rest = data;
    while (bytes) {
        ssize_t written = stream_write(stream, rest, bytes);
        if (written > 0) {
            rest += written;
            bytes -= (size_t)written;
            continue;
        }
        struct pollfd writable = {.fd = stream->fd, .events = POLLOUT};
        if (poll(&writable, 1, 10000) <= 0) {
            fail("the server does not read");
        }
    }
}

static size_t write_request(char *out, size_t bytes, const char *path, bool deflate) {
    int length = snprintf(out, bytes,
                          "GET %s HTTP/1.1\r\n"
                          "Host: 127.0.0.1\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Key: " HANDSHAKE_KEY "\r\n"
                          "Sec-WebSocket-Version: 13\r\n"
                          "%s\r\n",
                          path,
                          deflate ? "Sec-WebSocket-Extensions: permessage-deflate; "
                                    "client_max_window_bits\r\n"
                                  : "");
    if (length < 0 || (size_t)length >= bytes) {
        fail("the path is too long");
    }
    return (size_t)length;
}

// End unless the head opens a WebSocket on the terms that were asked for.
static void check_answer(const char *head, bool deflate) {
    if (strncmp(head, "HTTP/1.1 101", 12) != 0) {
        fail("the server answered %.60s", head);
    }
    bool agreed = strcasestr(head, "permessage-deflate") != NULL;
    if (agreed != deflate) {
        fail(deflate ? "the server does not compress" : "the server compresses unasked");
    }
}

// Open a WebSocket; from here on its socket does not block.
static struct stream websocket_open(int port, const char *path, bool tls, bool deflate) {
    struct stream stream = stream_open(port, tls);
    char head[HEAD_BYTES_MAX];
    size_t bytes = write_request(head, sizeof head, path, deflate);
    stream_write_all(&stream, head, bytes);
    // Byte by byte, so that no frame behind the head is swallowed.
    for (bytes = 0; bytes < 4 || memcmp(head + bytes - 4, "\r\n\r\n", 4) != 0; bytes++) {
        if (bytes == sizeof head - 1 || stream_read(&stream, head + bytes, 1) != 1) {
            fail("the server did not answer the handshake");
        }
    }
    head[bytes] = '\0';
    check_answer(head, deflate);
    set_blocking(stream.fd, false);
    return stream;
}
