/* What the C library asks of a system, answered as a sandbox without one does: no arguments, an empty environment,
 * closed streams, clocks that stand still. With these a plugin asks the host for nothing of it. */
#include <stdint.h>

#define WASI(name) __imported_wasi_snapshot_preview1_##name

enum { SUCCESS = 0, BAD_DESCRIPTOR = 8, NOT_SUPPORTED = 58 };

static int32_t nothing(int32_t count, int32_t bytes) {
    *(uint32_t *)count = 0;
    *(uint32_t *)bytes = 0;
    return SUCCESS;
}

int32_t WASI(args_sizes_get)(int32_t count, int32_t bytes) { return nothing(count, bytes); }
int32_t WASI(args_get)(int32_t words, int32_t bytes) { return SUCCESS; }
int32_t WASI(environ_sizes_get)(int32_t count, int32_t bytes) { return nothing(count, bytes); }
int32_t WASI(environ_get)(int32_t words, int32_t bytes) { return SUCCESS; }
int32_t WASI(clock_res_get)(int32_t clock, int32_t result) { return NOT_SUPPORTED; }
int32_t WASI(clock_time_get)(int32_t clock, int64_t precision, int32_t result) { return NOT_SUPPORTED; }
int32_t WASI(random_get)(int32_t bytes, int32_t count) { return NOT_SUPPORTED; }
int32_t WASI(sched_yield)(void) { return SUCCESS; }
int32_t WASI(fd_close)(int32_t descriptor) { return BAD_DESCRIPTOR; }
int32_t WASI(fd_fdstat_get)(int32_t descriptor, int32_t result) { return BAD_DESCRIPTOR; }
int32_t WASI(fd_fdstat_set_flags)(int32_t descriptor, int32_t flags) { return BAD_DESCRIPTOR; }
int32_t WASI(fd_prestat_get)(int32_t descriptor, int32_t result) { return BAD_DESCRIPTOR; }
int32_t WASI(fd_prestat_dir_name)(int32_t descriptor, int32_t path, int32_t bytes) { return BAD_DESCRIPTOR; }
int32_t WASI(fd_read)(int32_t descriptor, int32_t parts, int32_t count, int32_t result) { return BAD_DESCRIPTOR; }
int32_t WASI(fd_seek)(int32_t descriptor, int64_t by, int32_t from, int32_t result) { return BAD_DESCRIPTOR; }
int32_t WASI(fd_write)(int32_t descriptor, int32_t parts, int32_t count, int32_t result) { return BAD_DESCRIPTOR; }
_Noreturn void WASI(proc_exit)(int32_t status) { __builtin_trap(); }
