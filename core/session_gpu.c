// What the GPU of the living run is doing: a thread of its own asks the driver, the snapshot shows the last answer.
#include "core/base/log.h"
#include "core/session_private.h"

void session_leave_gpu(struct session *session) {
    telemetry_close(session->telemetry);
    session->telemetry = NULL;
}

void session_watch_gpu(struct session *session, const char *bus) {
    struct error error;
    if (session->telemetry || !bus[0])
        return; // rows have joined the run: it is the same GPU
    if (telemetry_open(&session->telemetry, bus, &session->wake, &error))
        log_add(LOG_WARNING, "%s", error.text);
}

void session_drain_gpu(struct session *session) {
    struct telemetry_reading reading;
    if (!session->telemetry)
        return;
    telemetry_read(session->telemetry, &reading);
    if (reading.number == session->view.device.gpu.number)
        return;
    session->view.device.gpu = reading;
    session_publish(session);
}
