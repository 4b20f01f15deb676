/* SPDX-License-Identifier: Apache-2.0 */
/* clash - what a run writes must not be what it reads: evidence is not overwritten by what is said of it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/app.h"

/* The folder of a path, and the name in it; false when the folder cannot be looked at. */
static bool
folder_of(const char *path, struct stat *folder, const char **name)
{
	const char *slash = strrchr(path, '/');
	char text[PATH_MAX];

	*name = slash != NULL ? slash + 1 : path;
	if (slash == NULL)
		return stat(".", folder) == 0;
	if ((size_t)snprintf(text, sizeof text, "%.*s", (int)(slash - path) + 1, path) >= sizeof text)
		return false;
	return stat(text, folder) == 0;
}

/* Do both name one file, or one that would be made? */
static bool
same_place(const char *a, const char *b)
{
	const char *name_a, *name_b;
	struct stat sa, sb;

	if (stat(a, &sa) == 0 && stat(b, &sb) == 0)
		return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino && S_ISREG(sa.st_mode);
	return folder_of(a, &sa, &name_a) && folder_of(b, &sb, &name_b) && sa.st_dev == sb.st_dev &&
	    sa.st_ino == sb.st_ino && strcmp(name_a, name_b) == 0;
}

static const char *
output_path(const struct options *o)
{
	if (o->output == NULL || strcmp(o->output, "-") == 0)
		return NULL;
	return strncmp(o->output, "file:", 5) == 0 ? o->output + 5 : o->output;
}

static bool
is_input(const struct options *o, const char *path)
{
	for (size_t i = 0; i < o->files.n; i++)
		if (strcmp(o->files.v[i], "-") != 0 && same_place(o->files.v[i], path))
			return true;
	return false;
}

static int
refuse_state(const struct options *o, const char *path, struct err *err)
{
	const char *output = output_path(o);

	if (is_input(o, path))
		return err_set(err, "--state %s: %s: that is an input; name another file for the state", o->state, path);
	if (output != NULL && same_place(output, path))
		return err_set(err, "--state %s: %s: that is where events go; name another file for the state", o->state,
		    path);
	return 0;
}

int
app_refuse_clashes(const struct options *o, struct err *err)
{
	const char *output = output_path(o);
	char draft[PATH_MAX];

	if (output != NULL && is_input(o, output))
		return err_set(err, "-o %s: that is an input; name another file for the events", o->output);
	if (o->state == NULL)
		return 0;
	/* state.c writes a draft beside the file, which then takes its place. */
	if ((size_t)snprintf(draft, sizeof draft, "%s.tmp", o->state) >= sizeof draft)
		return err_set(err, "--state: too long a name");
	return refuse_state(o, o->state, err) < 0 ? -1 : refuse_state(o, draft, err);
}
