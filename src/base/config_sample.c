/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <string.h>

#include "base/config_table.h"

#define INDENT    4  /* of the options of a section */
#define WRAP      90 /* column at which the texts are broken */
#define TEXT_SIZE 256

static const char preamble[] =
    "# SPDX-License-Identifier: ISC\n"
    "#\n"
    "# The configuration of mxadmin, all of it. What is commented out here shows the default.\n"
    "# The environment comes before this file: an option's variable is MXADMIN_ and its name in\n"
    "# capitals, with its section (MXADMIN_LOG_LEVEL=debug); the items of a list are divided by commas.\n"
    "# Paths are relative to the folder of this file. `mxadmin check` tells what is wrong here.\n";

/* Writes `text` as comment lines of whole words. */
static void write_comment(FILE *out, int indent, const char *text)
{
    int column = 0;

    while (*text) {
        int length = (int)strcspn(text, " ");

        if (column > 0 && column + 1 + length > WRAP) {
            fputc('\n', out);
            column = 0;
        }
        column += column > 0 ? fprintf(out, " %.*s", length, text)
                             : fprintf(out, "%*s# %.*s", indent, "", length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

/* Writes what the option can be to `text`: a sentence and a space, or nothing. */
static void bounds_text(const struct option *option, char text[TEXT_SIZE])
{
    char words[CONFIG_WORDS_SIZE];

    *text = '\0';
    switch (option->type) {
    case OPTION_NUMBER:
        snprintf(text, TEXT_SIZE, "A number from %" PRId64 " to %" PRId64 ". ", option->min, option->max);
        break;
    case OPTION_MODE:
        snprintf(text, TEXT_SIZE, "In octal, 0000 to %04" PRIo64 ". ", option->max);
        break;
    case OPTION_BOOLEAN:
        snprintf(text, TEXT_SIZE, "true or false. ");
        break;
    case OPTION_LIST:
        snprintf(text, TEXT_SIZE, "A list. ");
        break;
    case OPTION_WORD:
        config_words(option, words);
        snprintf(text, TEXT_SIZE, "One of: %s. ", words);
        break;
    default: /* any text */
        break;
    }
}

static void write_option(FILE *out, const struct option *option)
{
    size_t section = config_section(option);
    const char *value = option->type == OPTION_LIST ? "[]" : *option->value ? option->value : "\"\"";
    char bounds[TEXT_SIZE], summary[2 * TEXT_SIZE];
    int indent = section > 0 ? INDENT : 0;

    bounds_text(option, bounds);
    if (option->need == REQUIRED)
        snprintf(summary, sizeof summary, "%sRequired.", bounds);
    else
        snprintf(summary, sizeof summary, "%sDefault: %s", bounds, value);
    fputc('\n', out);
    write_comment(out, indent, option->text);
    write_comment(out, indent, summary);
    fprintf(out, "%*s%s%s: %s\n", indent, "", option->need == REQUIRED ? "" : "#", option->key + section,
            value);
}

/* The line of a section stands without a "#", so that each option can be set by taking off its own. */
void config_write_sample(FILE *out)
{
    fputs(preamble, out);
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        const struct option *option = &config_options[i];
        size_t section = config_section(option);

        if (section > 0 && (i == 0 || strncmp(option[-1].key, option->key, section) != 0))
            fprintf(out, "\n%.*s:\n", (int)section - 1, option->key);
        write_option(out, option);
    }
}
