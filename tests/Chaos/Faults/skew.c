/* A wrong clock on the wall for one process: preloaded, it adds SKEW_SECONDS to what the C library says of the time of day.
   Stopwatches (CLOCK_MONOTONIC) and waits stay right, as with a machine whose clock is set wrong. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long skew(void)
{
    static long seconds;
    static int known;
    if (!known) {
        const char *text = getenv("SKEW_SECONDS");
        seconds = text ? atol(text) : 0;
        known = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += skew();
    return failed;
}
