/* SPDX-License-Identifier: ISC */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

/*
 * Tells systemd how the service is ("READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=…"), as
 * sd_notify(3) describes; nothing happens when it did not ask for it through NOTIFY_SOCKET.
 */
void notify(const char *state);

#endif
