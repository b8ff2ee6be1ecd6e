/* SPDX-License-Identifier: Apache-2.0 */
/* clade dump: the compiled graph and plan as text or Graphviz input, its programs, and a profile of one run. */
#include "cli.h"

/* The first run compiles and touches memory; the second is the one to look at. */
static clade_status profile(clade_session *session, const char *path, clade_error *err) {
    clade_status status = CLADE_OK;
    for (int i = 0; status == CLADE_OK && i < 2; i++)
        status = clade_session_run(session, err);
    return status == CLADE_OK ? clade_session_write_trace(session, path, err) : status;
}

/* pass NULL: the graph and the plan, as they will run. */
static clade_status print_dump(clade_session *session, const char *pass, int before, clade_dump_format format,
                               clade_error *err) {
    char *text;
    const clade_status status = pass ? clade_session_dump_pass(session, pass, before, format, &text, err)
                                     : clade_session_dump(session, format, &text, err);
    if (status == CLADE_OK) {
        fputs(text, stdout);
        clade_string_free(text);
    }
    return status;
}

static cli_exit run(const cli_command *self, int argc, char **argv) {
    cli_common common = { .json = 0 };
    const char *trace = NULL, *after = NULL, *before = NULL, *programs = NULL;
    int dot = 0;
    const cli_option own[] = {
        { "dot", 0, CLI_FLAG, NULL, "write Graphviz input instead of text", &dot },
        { "profile", 'p', CLI_TEXT, "FILE", "run, and write a Chrome trace of one run to FILE", &trace },
        { "programs", 0, CLI_TEXT, "DIR", "write the kernels' OpenCL C to DIR; with --as, no device is opened",
          &programs },
        { "after", 0, CLI_TEXT, "PASS", "show the graph behind a pass; a name that there is not lists them", &after },
        { "before", 0, CLI_TEXT, "PASS", "show the graph in front of a pass", &before },
        { .name = NULL },
    };
    cli_arguments arguments;
    cli_exit exit;
    const int mask = CLI_HAS_DEVICE | CLI_HAS_SESSION | CLI_HAS_FILES | CLI_HAS_SHAPES | CLI_HAS_SEED;
    if (!cli_parse(self, own, &common, mask, 1, 1, &arguments, argc, argv, &exit))
        return exit;
    if (after && before)
        return cli_usage(self, "--after and --before: one of them");
    if (programs && common.as && !common.device)
        common.device = "none";

    cli_engine engine;
    clade_error err = { .status = CLADE_OK };
    clade_session_options session = cli_session_options(&common);
    session.profile = trace != NULL;
    clade_status status = cli_engine_open(&engine, arguments.items[0], &common, &session, &err);
    if (status == CLADE_OK)
        status = cli_inputs_set(&common.inputs, engine.session, engine.model, 1, &err);
    if (status == CLADE_OK && trace)
        status = profile(engine.session, trace, &err);
    if (status == CLADE_OK && programs)
        status = clade_session_write_programs(engine.session, programs, &err);
    cli_progress_clear();
    if (status == CLADE_OK)
        status = print_dump(engine.session, after ? after : before, before != NULL,
                            dot ? CLADE_DUMP_DOT : CLADE_DUMP_TEXT, &err);
    cli_engine_close(&engine);
    return status == CLADE_OK ? CLI_OK : cli_fail(&err);
}

const cli_command cli_dump = {
    "dump", "MODEL", "shows the compiled graph and plan, or profiles a run",
    "Inputs are those of clade bench. The trace has the device time of every kernel; chrome://tracing and\n"
    "Perfetto show it.\n",
    run
};
