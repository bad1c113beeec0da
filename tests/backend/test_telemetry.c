// Figures of a GPU through a stand-in for the driver's library (BATCHLAB_TEST_NVML): what is told, what is left out,
// and what is said where there is nothing to tell.
#include "tests/support/test.h"

#include <dlfcn.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend/telemetry.h"
#include "core/base/clock.h"
#include "tests/support/cuda/nvml.h"

#define BUS "00000000:1b:00.0"

static struct nvml_standin *standin;
static struct error error;

static int find_standin(void **state) {
    const char *path = getenv("BATCHLAB_TEST_NVML");
    void *library = path ? dlopen(path, RTLD_NOW) : NULL;
    (void)state;
    void *symbol = library ? dlsym(library, "nvml_standin") : NULL;
    standin = symbol;
    if (path)
        setenv("BATCHLAB_NVML", path, 1);
    return symbol ? 0 : -1;
}

static int reset(void **state) {
    (void)state;
    setenv("BATCHLAB_NVML", getenv("BATCHLAB_TEST_NVML"), 1);
    standin->init_code = standin->find_code = standin->code = standin->power_code = 0;
    standin->busy = 87;
    standin->milliwatts = 310400;
    standin->celsius = 61;
    standin->megahertz = 1980;
    return 0;
}

static struct telemetry *open_gpu(const struct wake *wake, struct telemetry_reading *reading) {
    struct telemetry *telemetry = NULL;
    assert_int_equal(telemetry_open(&telemetry, BUS, wake, &error), STATUS_OK);
    telemetry_wait(telemetry, reading);
    return telemetry;
}

static void every_figure_is_told(void **state) {
    struct telemetry_reading reading;
    char text[200];
    (void)state;
    struct telemetry *telemetry = open_gpu(NULL, &reading);
    assert_string_equal(standin->bus, BUS);
    assert_string_equal(reading.lost, "");
    assert_true(reading.busy == 0.87 && reading.watts == 310.4 && reading.celsius == 61 && reading.clock == 1980);
    assert_true(reading.memory_clock == 3960 && reading.memory_used == 12.3e9 && reading.memory_total == 141e9);
    assert_string_equal(telemetry_text(&reading, text, sizeof text), "87 % busy, 12.3 of 141 GB, 310 W, 61 °C, 1980 MHz");
    telemetry_close(telemetry);
    assert_int_equal(standin->begun, 0);
}

static void figures_that_a_gpu_lacks_are_left_out(void **state) {
    struct telemetry_reading reading;
    char text[200];
    (void)state;
    standin->power_code = 3;
    struct telemetry *telemetry = open_gpu(NULL, &reading);
    assert_true(isnan(reading.watts));
    assert_string_equal(telemetry_text(&reading, text, sizeof text), "87 % busy, 12.3 of 141 GB, 61 °C, 1980 MHz");
    telemetry_close(telemetry);
    standin->code = 3;
    telemetry = open_gpu(NULL, &reading);
    assert_string_equal(reading.lost, "");
    assert_string_equal(telemetry_text(&reading, text, sizeof text), "");
    telemetry_close(telemetry);
}

static void what_is_not_there_is_said(void **state) {
    static const struct {
        const char *library;
        int init, find;
        const char *says;
    } cases[] = {{"/nowhere/libnvidia-ml.so.1", 0, 0, "need /nowhere/libnvidia-ml.so.1, which is not installed"},
                 {"libm.so.6", 0, 0, "libm.so.6 has no nvmlInit_v2; the driver is too old"},
                 {NULL, 9, 0, "(start: Driver Not Loaded)"},
                 {NULL, 0, 6, "(find the device: Not Found)"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct telemetry_reading reading;
        reset(NULL);
        if (cases[i].library)
            setenv("BATCHLAB_NVML", cases[i].library, 1);
        standin->init_code = cases[i].init;
        standin->find_code = cases[i].find;
        struct telemetry *telemetry = open_gpu(NULL, &reading);
        if (!strstr(reading.lost, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", reading.lost, cases[i].says);
        assert_true(isnan(reading.busy));
        telemetry_close(telemetry);
        assert_int_equal(standin->begun, 0);
    }
}

// Readings come by themselves, each waking the one who waits; a GPU that is lost is told; closing waits for no reading.
static void readings_come_until_it_is_closed(void **state) {
    struct telemetry_reading reading;
    struct wake wake;
    (void)state;
    assert_int_equal(wake_open(&wake, &error), STATUS_OK);
    struct telemetry *telemetry = open_gpu(&wake, &reading);
    standin->code = 15;
    for (uint64_t seen = reading.number; !reading.lost[0] && seen < 20; seen++) {
        struct pollfd news = {.fd = wake.read_fd, .events = POLLIN};
        assert_int_equal(poll(&news, 1, 30000), 1);
        wake_clear(&wake);
        telemetry_read(telemetry, &reading);
    }
    assert_non_null(strstr(reading.lost, "GPU is lost"));
    assert_true(reading.number > 1);
    double before = clock_now();
    telemetry_close(telemetry);
    assert_true(clock_now() - before < 10); // not a second's rest each; generous for a busy machine
    wake_close(&wake);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_figure_is_told),
        TEST(figures_that_a_gpu_lacks_are_left_out),
        TEST(what_is_not_there_is_said),
        TEST(readings_come_until_it_is_closed),
    };
    return cmocka_run_group_tests(tests, find_standin, NULL);
}
