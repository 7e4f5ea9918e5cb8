/* Lets a frozen agent live on the story's days, as sitecustomize.py does for Python: a frozen
   program reads no sitecustomize. Loaded before everything else through LD_PRELOAD. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long offset_seconds(void)
{
    const char *name = getenv("STORY_CLOCK");
    FILE *file = name ? fopen(name, "r") : NULL;
    double seconds = 0;
    if (file) {
        if (fscanf(file, "%lf", &seconds) != 1)
            abort();
        fclose(file);
    }
    return (long)seconds;
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(which, now);
    if (!failed && which == CLOCK_REALTIME)
        now->tv_sec += offset_seconds();
    return failed;
}
