/* Answers nvidia-ml-py as libnvidia-ml.so.1 does, for one GPU that draws 80 W from its start on. */
#include <string.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

unsigned nvmlInitWithFlags(unsigned flags) { (void)flags; return 0; }
unsigned nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(unsigned result) { return result ? "an error" : "none"; }
unsigned nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return 0; }
unsigned nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    static int card;
    if (index != 0) return 2; /* invalid argument */
    *device = &card;
    return 0;
}
unsigned nvmlDeviceGetName(void *device, char *name, unsigned length)
{
    (void)device;
    strncpy(name, "NVIDIA H200 (emulated)", length);
    return 0;
}
unsigned nvmlDeviceGetUUID(void *device, char *uuid, unsigned length)
{
    (void)device;
    strncpy(uuid, "GPU-11111111-2222-3333-4444-555555555555", length);
    return 0;
}
unsigned nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts)
{
    (void)device;
    *milliwatts = 80000;
    return 0;
}
unsigned nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules)
{
    (void)device;
    *millijoules = (unsigned long long)(80000.0 * seconds());
    return 0;
}
