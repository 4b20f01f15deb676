/* SPDX-License-Identifier: Apache-2.0 */
/* geo - look-ups in MaxMind DB files (format 2.0); the one file with libmaxminddb. */
#include "geo/geo.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geo/mmcheck.h"
#include "geo/pins.h"

struct geo {
	size_t n;
	struct geo_db db[GEO_DBS_MAX];
	char *path[GEO_DBS_MAX];		/* owned */
	MMDB_s mm[GEO_DBS_MAX];
	struct pins *pins;			/* owned; NULL without overrides */
};

/* What one record of a country database says. */
struct place {
	char country[3], registered[3], continent[3];
	bool anycast;
};

#define FILE_MAX (1ll << 30)

/* Where the layouts keep a thing, in the order they are tried; each path ends with NULL. */
typedef const char *const key_path[3];
static key_path country_paths[] = { { "country", "iso_code" }, { "country_code" }, { "country" }, { NULL } };
static key_path registered_paths[] = { { "registered_country", "iso_code" }, { NULL } };
static key_path continent_paths[] = { { "continent", "code" }, { "continent_code" }, { "continent" },
	{ NULL } };
static key_path anycast_paths[] = { { "traits", "is_anycast" }, { "is_anycast" }, { "anycast" }, { NULL } };
static key_path asn_paths[] = { { "autonomous_system_number" }, { "asn" },
	{ "traits", "autonomous_system_number" }, { NULL } };
static key_path organization_paths[] = { { "autonomous_system_organization" }, { "as_name" }, { "name" },
	{ "traits", "autonomous_system_organization" }, { "as_domain" }, { NULL } };

struct geo *
geo_new(void)
{
	return calloc(1, sizeof(struct geo));
}

void
geo_free(struct geo **geo)
{
	if (*geo == NULL)
		return;
	for (size_t i = 0; i < (*geo)->n; i++) {
		MMDB_close(&(*geo)->mm[i]);
		free((*geo)->path[i]);
	}
	pins_free(&(*geo)->pins);
	free(*geo);
	*geo = NULL;
}

size_t
geo_dbs(const struct geo *geo, const struct geo_db **first)
{
	*first = geo->db;
	return geo->n;
}

/* The value of the first path that leads to one of that type; type 0 is a number or a text. */
static bool
value(MMDB_entry_s entry, key_path *paths, uint32_t type, MMDB_entry_data_s *v)
{
	for (; (*paths)[0] != NULL; paths++)
		if (MMDB_aget_value(&entry, v, *paths) == MMDB_SUCCESS && v->has_data &&
		    (v->type == type || (type == 0 && v->type != MMDB_DATA_TYPE_MAP)))
			return true;
	return false;
}

/* A text of the file, cut to fit, not inside a UTF-8 character. */
static void
text(const MMDB_entry_data_s *v, char *out, size_t size)
{
	size_t len = v->data_size;

	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((uint8_t)v->utf8_string[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(out, v->utf8_string, len);
	out[len] = '\0';
}

/* Two letters, or nothing: "ZZ", "XX", "??", "None", "A1" and "" are ways to say unknown. */
static bool
letters(MMDB_entry_s entry, key_path *paths, char out[static 3])
{
	MMDB_entry_data_s v;

	for (; (*paths)[0] != NULL; paths++) {
		key_path one[] = { { (*paths)[0], (*paths)[1] }, { NULL } };

		if (!value(entry, one, MMDB_DATA_TYPE_UTF8_STRING, &v) || v.data_size != 2 ||
		    !isalpha((unsigned char)v.utf8_string[0]) || !isalpha((unsigned char)v.utf8_string[1]))
			continue;
		out[0] = (char)toupper((unsigned char)v.utf8_string[0]);
		out[1] = (char)toupper((unsigned char)v.utf8_string[1]);
		out[2] = '\0';
		if (strcmp(out, "ZZ") != 0 && strcmp(out, "XX") != 0)
			return true;
	}
	out[0] = '\0';
	return false;
}

static void
read_place(MMDB_entry_s entry, struct place *p)
{
	MMDB_entry_data_s v;

	letters(entry, country_paths, p->country);
	letters(entry, registered_paths, p->registered);
	letters(entry, continent_paths, p->continent);
	p->anycast = value(entry, anycast_paths, MMDB_DATA_TYPE_BOOLEAN, &v) && v.boolean;
}

/* 64496, "AS64496", "64496" or "AS64496 Example GmbH"; 0 when it is none of these. */
static uint32_t
number(const MMDB_entry_data_s *v)
{
	char buf[16], *end, *digits = buf;
	unsigned long long n;

	switch (v->type) {
	case MMDB_DATA_TYPE_UINT16:
		return v->uint16;
	case MMDB_DATA_TYPE_UINT32:
		return v->uint32;
	case MMDB_DATA_TYPE_UINT64:
		return v->uint64 <= UINT32_MAX ? (uint32_t)v->uint64 : 0;
	case MMDB_DATA_TYPE_INT32:
		return v->int32 > 0 ? (uint32_t)v->int32 : 0;
	case MMDB_DATA_TYPE_UTF8_STRING:
		break;
	default:
		return 0;
	}
	text(v, buf, sizeof buf);
	if ((buf[0] | 32) == 'a' && (buf[1] | 32) == 's')
		digits += 2;
	n = isdigit((unsigned char)*digits) ? strtoull(digits, &end, 10) : 0;
	return n > 0 && n <= UINT32_MAX && (*end == '\0' || *end == ' ') ? (uint32_t)n : 0;
}

static void
read_asn(MMDB_entry_s entry, uint32_t *asn, char organization[static GEO_TEXT_MAX])
{
	MMDB_entry_data_s v;

	*asn = value(entry, asn_paths, 0, &v) ? number(&v) : 0;
	organization[0] = '\0';
	if (*asn != 0 && value(entry, organization_paths, MMDB_DATA_TYPE_UTF8_STRING, &v))
		text(&v, organization, GEO_TEXT_MAX);
}

/* A sealed copy of the file in memory.  Not blocking, for path may be a pipe that nobody writes to. */
static int
seal(const char *path, size_t *size, struct err *err)
{
	int in = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out = -1, rc = 0;
	struct stat st;
	off_t at = 0;

	if (in < 0 || fstat(in, &st) != 0)
		rc = err_set(err, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = err_set(err, "%s: is no regular file; expected a MaxMind database (.mmdb)", path);
	else if (st.st_size == 0 || st.st_size > FILE_MAX)
		rc = err_set(err, "%s: has %lld bytes; expected a MaxMind database of at most 1 GiB", path,
		    (long long)st.st_size);
	else if ((out = memfd_create("mmdb", MFD_ALLOW_SEALING | MFD_CLOEXEC)) < 0)
		rc = err_set(err, "%s: cannot make a copy in memory: %s", path, strerror(errno));
	while (rc == 0 && at < st.st_size) {
		ssize_t n = sendfile(out, in, &at, (size_t)(st.st_size - at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			rc = err_set(err, "%s: %s", path,
			    n < 0 ? strerror(errno) : "became shorter while it was read");
	}
	if (rc == 0 && fcntl(out, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		rc = err_set(err, "%s: cannot seal its copy: %s", path, strerror(errno));
	if (in >= 0)
		close(in);
	if (rc != 0 && out >= 0)
		close(out);
	*size = (size_t)at;
	return rc == 0 ? out : -1;
}

static int
check(int fd, size_t size, const char *path, struct mm_facts *facts, struct err *err)
{
	struct err why;
	void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	int rc;

	if (p == MAP_FAILED)
		return err_set(err, "%s: cannot map its copy: %s", path, strerror(errno));
	rc = mm_check((struct span){ p, size }, facts, &why);
	munmap(p, size);
	return rc == 0 ? 0 : err_set(err, "%s: %.900s", path, why.text);
}

static bool
serves(const MMDB_s *mm, enum geo_role role, const struct mm_facts *facts)
{
	char organization[GEO_TEXT_MAX];
	struct place place;
	uint32_t asn;

	for (unsigned i = 0; i < facts->n_samples; i++) {
		MMDB_entry_s entry = { .mmdb = mm, .offset = facts->samples[i] };

		if (role == GEO_COUNTRY) {
			read_place(entry, &place);
			if (place.country[0] != '\0')
				return true;
		} else {
			read_asn(entry, &asn, organization);
			if (asn != 0)
				return true;
		}
	}
	return false;
}

/* The type comes from the file and goes to a terminal. */
static int
refuse_role(const MMDB_s *mm, enum geo_role role, const char *path, struct err *err)
{
	const char *from = mm->metadata.database_type;
	char type[64];
	size_t i;

	for (i = 0; i < sizeof type - 1 && from[i] != '\0'; i++)
		type[i] = isprint((unsigned char)from[i]) ? from[i] : '?';
	type[i] = '\0';
	return err_set(err, "%s: has no %s in it; its type is \"%s\"", path,
	    role == GEO_COUNTRY ? "country" : "autonomous system number", type);
}

static int
open_sealed(int fd, enum geo_role role, const char *path, const struct mm_facts *facts, MMDB_s *mm,
    struct err *err)
{
	char name[32];
	int rc;

	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	rc = MMDB_open(name, MMDB_MODE_MMAP, mm);
	if (rc != MMDB_SUCCESS)
		return err_set(err, "%s: libmaxminddb refuses it: %s", path, MMDB_strerror(rc));
	if (!serves(mm, role, facts)) {
		refuse_role(mm, role, path, err);
		MMDB_close(mm);
		return -1;
	}
	return 0;
}

int
geo_open(struct geo *geo, enum geo_role role, const char *path, struct err *err)
{
	struct mm_facts facts;
	size_t size, i = geo->n;
	char *copy;
	int fd, rc;

	if (i == GEO_DBS_MAX)
		return err_set(err, "%s: %d databases are open, and more cannot be", path, GEO_DBS_MAX);
	if ((fd = seal(path, &size, err)) < 0)
		return -1;
	rc = check(fd, size, path, &facts, err);
	if (rc == 0)
		rc = open_sealed(fd, role, path, &facts, &geo->mm[i], err);
	close(fd);
	if (rc != 0)
		return -1;
	if ((copy = strdup(path)) == NULL) {
		MMDB_close(&geo->mm[i]);
		return err_set(err, "%s: out of memory", path);
	}
	geo->path[i] = copy;
	geo->db[i] = (struct geo_db){ role, copy, geo->mm[i].metadata.database_type,
	    geo->mm[i].metadata.build_epoch };
	geo->n++;
	return 0;
}

static int
is_database(const struct dirent *d)
{
	return fnmatch("country*.mmdb", d->d_name, 0) == 0 || strcmp(d->d_name, "asn.mmdb") == 0;
}

/* By bytes, not by locale: the order decides which database answers. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* How many were found, opened or not; err gets the first refusal. */
static int
open_folder(struct geo *geo, const char *folder, int *refused, struct err *err)
{
	struct dirent **found;
	int n = scandir(folder, &found, is_database, by_name);

	for (int i = 0; i < n; i++) {
		char path[4096];
		enum geo_role role = found[i]->d_name[0] == 'c' ? GEO_COUNTRY : GEO_ASN;
		struct err why;

		snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
		if (geo_open(geo, role, path, &why) != 0 && (*refused)++ == 0)
			*err = why;
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	return n > 0 ? n : 0;
}

static bool
user_folder(char *out, size_t size)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n = 0;

	/* The XDG Base Directory specification says that a relative path is to be ignored. */
	if (data != NULL && data[0] == '/')
		n = snprintf(out, size, "%s/telltale", data);
	else if (home != NULL && home[0] == '/')
		n = snprintf(out, size, "%s/.local/share/telltale", home);
	return n > 0 && (size_t)n < size;
}

int
geo_open_default(struct geo *geo, struct err *err)
{
	static const char *const system_folders[] = { "/var/lib/telltale", "/usr/share/telltale/geo" };
	char folder[2048];
	size_t before = geo->n;
	int refused = 0, found = 0;

	if (user_folder(folder, sizeof folder))
		found = open_folder(geo, folder, &refused, err);
	for (size_t i = 0; found == 0 && i < sizeof system_folders / sizeof *system_folders; i++)
		found = open_folder(geo, system_folders[i], &refused, err);
	return refused > 0 ? -1 : (int)(geo->n - before);
}

int
geo_load_overrides(struct geo *geo, const char *path, struct err *err)
{
	return pins_load(&geo->pins, path, err);
}

static MMDB_lookup_result_s
find(const MMDB_s *mm, const struct addr *a)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	MMDB_lookup_result_s hit;
	bool is_v4 = addr_is_v4(a);
	int rc;

	memcpy(&v4.sin_addr, a->b + 12, 4);
	memcpy(&v6.sin6_addr, a->b, 16);
	hit = MMDB_lookup_sockaddr(mm, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, &rc);
	if (rc != MMDB_SUCCESS)
		hit.found_entry = false;
	return hit;
}

/* len counts from the front of the address as held here, where IPv4 starts at bit 96. */
static void
print_prefix(const struct addr *a, unsigned len, char out[static PREFIX_STR_MAX])
{
	struct addr net = *a;
	char text_of[ADDR_STR_MAX];

	for (unsigned i = len; i < 128; i++)
		net.b[i / 8] &= (uint8_t)~(0x80u >> (i % 8));
	snprintf(out, PREFIX_STR_MAX, "%s/%u", addr_str(&net, text_of), addr_is_v4(&net) ? len - 96 : len);
}

static void
prefix_of(const MMDB_s *mm, const struct addr *a, unsigned netmask, char out[static PREFIX_STR_MAX])
{
	if (!addr_is_v4(a))
		print_prefix(a, netmask, out);
	else if (mm->metadata.ip_version == 4)
		print_prefix(a, netmask + 96, out);
	else	/* a tree may end above ::/96, where it says one thing of all IPv4 */
		print_prefix(a, netmask > 96 ? netmask : 96, out);
}

/* Region codes that no country has: shown for want of better, no voice in agreement. */
static bool
is_region(const char *cc)
{
	return strcmp(cc, "EU") == 0 || strcmp(cc, "AP") == 0;
}

/* known: how many databases named a country before this one. */
static void
answer_country(const MMDB_s *mm, const struct addr *a, struct geo_opinion *opinion, unsigned *known,
    struct geo_answer *out)
{
	MMDB_lookup_result_s hit = find(mm, a);
	struct place p;

	if (!hit.found_entry)
		return;
	read_place(hit.entry, &p);
	memcpy(opinion->cc, p.country, sizeof opinion->cc);
	out->anycast |= p.anycast;
	if (out->registered[0] == '\0')
		memcpy(out->registered, p.registered, sizeof out->registered);
	if (p.country[0] == '\0')
		return;
	if (out->country[0] == '\0' || (*known == 0 && !is_region(p.country))) {
		memcpy(out->country, p.country, sizeof out->country);
		memcpy(out->continent, p.continent, sizeof out->continent);
		prefix_of(mm, a, hit.netmask, out->prefix);
	} else if (out->continent[0] == '\0' && strcmp(out->country, p.country) == 0) {
		memcpy(out->continent, p.continent, sizeof out->continent);
	}
	if (is_region(p.country))
		return;
	if (++*known == 1)
		out->agreement = GEO_SINGLE;
	else if (out->agreement != GEO_CONFLICT)
		out->agreement = strcmp(out->country, p.country) == 0 ? GEO_AGREE : GEO_CONFLICT;
}

static void
apply_pin(const struct pin *pin, const struct addr *a, struct geo_answer *out)
{
	out->looked_up = true;
	out->pinned = true;
	if (strcmp(out->country, pin->country) != 0)
		out->continent[0] = '\0';
	memcpy(out->country, pin->country, sizeof out->country);
	print_prefix(a, pin->prefix.bits, out->prefix);
	if (pin->asn == 0)
		return;
	if (pin->asn != out->asn || pin->organization[0] != '\0')
		memcpy(out->organization, pin->organization, sizeof out->organization);
	out->asn = pin->asn;
	out->asn_db = NULL;
}

void
geo_look(const struct geo *geo, const struct addr *a, struct geo_answer *out)
{
	const struct pin *pin;
	unsigned known = 0;

	memset(out, 0, sizeof *out);
	if (addr_is_private(a))
		return;
	out->looked_up = geo->n > 0;
	for (size_t i = 0; i < geo->n; i++) {
		MMDB_lookup_result_s hit;

		if (geo->db[i].role == GEO_COUNTRY) {
			struct geo_opinion *opinion = &out->opinions[out->n_opinions++];

			opinion->db = &geo->db[i];
			answer_country(&geo->mm[i], a, opinion, &known, out);
		} else if (out->asn == 0 && (hit = find(&geo->mm[i], a)).found_entry) {
			read_asn(hit.entry, &out->asn, out->organization);
			out->asn_db = out->asn != 0 ? &geo->db[i] : NULL;
		}
	}
	if ((pin = pins_find(geo->pins, a)) != NULL)
		apply_pin(pin, a, out);
}
