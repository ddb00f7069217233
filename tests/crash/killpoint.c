/* Preloaded into a process, this counts the calls that change files below one folder and, at a chosen
 * one, ends the process as `kill -9` would: before the call, or halfway through a write. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[4096];
static long counted, fatal;
static char kinds[100000]; /* 'w' for a write, 'o' for anything else */
static int torn;

/* Called from Python: watch `path`, die at call number `at` (0: only count); `half`: tear that write. */
void killpoint_arm(const char *path, long at, int half) {
    snprintf(folder, sizeof folder, "%s", path);
    counted = 0;
    fatal = at;
    torn = half;
}

long killpoint_count(void) { return counted; }
const char *killpoint_kinds(void) { return kinds; }

static int inside(const char *path) { return folder[0] && path && strncmp(path, folder, strlen(folder)) == 0; }

static int watched(int fd) {
    char link[64], path[4096];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return inside(path);
}

static void die(void) { kill(getpid(), SIGKILL); }
static int now(char kind) {
    if (counted < (long)sizeof kinds - 1) kinds[counted] = kind;
    return ++counted == fatal;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    if (watched(fd) && now('w')) { if (torn) REAL(write)(fd, data, size / 2); die(); }
    return REAL(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (watched(fd) && now('w')) { if (torn) REAL(pwrite)(fd, data, size / 2, at); die(); }
    return REAL(pwrite)(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    if (watched(fd) && now('w')) { if (torn) REAL(pwrite64)(fd, data, size / 2, at); die(); }
    return REAL(pwrite64)(fd, data, size, at);
}

int fsync(int fd) { if (watched(fd) && now('o')) die(); return REAL(fsync)(fd); }
int fdatasync(int fd) { if (watched(fd) && now('o')) die(); return REAL(fdatasync)(fd); }
int ftruncate(int fd, off_t size) { if (watched(fd) && now('o')) die(); return REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { if (watched(fd) && now('o')) die(); return REAL(ftruncate64)(fd, size); }
int rename(const char *from, const char *to) { if (inside(to) && now('o')) die(); return REAL(rename)(from, to); }
int unlink(const char *path) { if (inside(path) && now('o')) die(); return REAL(unlink)(path); }

#define OPENER(name)                                                          \
    int name(const char *path, int flags, ...) {                              \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        if ((flags & O_CREAT) && inside(path) && now('o')) die();                \
        return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
    }
OPENER(open)
OPENER(open64)
