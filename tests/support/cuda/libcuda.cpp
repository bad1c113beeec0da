// The two calls of the driver that the registry makes before it opens the plugin.
extern "C" __attribute__((visibility("default"))) int cuInit(unsigned) {
    return 0;
}

extern "C" __attribute__((visibility("default"))) int cuDeviceGetCount(int *count) {
    *count = 1;
    return 0;
}
