package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// prefix begins the name of every setting of ours.
const prefix = "ROSTER_"

// Setting is one that the environment may hold.
type Setting struct {
	Name, Default, Means string
}

// Settings are all that Roster knows, in the order of the table.
func Settings() []Setting {
	var all []Setting
	for _, field := range reflect.VisibleFields(reflect.TypeFor[environment]()) {
		if name := field.Tag.Get("env"); strings.HasPrefix(name, prefix) {
			all = append(all, Setting{name, field.Tag.Get("envDefault"), field.Tag.Get("means")})
		}
	}
	return all
}

// trimmed is the environment without the blanks around a setting, which files of settings leave there.
func trimmed(environ []string) map[string]string {
	given := env.ToMap(environ)
	for name, value := range given {
		if strings.HasPrefix(name, prefix) {
			given[name] = strings.TrimSpace(value)
		}
	}
	return given
}

// quoted complains of quotation marks around a setting: a shell takes them away, and an env file of Docker does not.
func quoted(given map[string]string) (wrong Complaints) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		if strings.HasPrefix(name, prefix) && len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			wrong.add("%s: leave out the quotation marks around it", name)
		}
	}
	return wrong
}

// fromServices are the names that Kubernetes, and Docker's links, give to every program beside a service called roster or
// roster-something: ROSTER_SERVICE_HOST, ROSTER_WEB_SERVICE_PORT_HTTP, ROSTER_PORT_8080_TCP_ADDR. Nobody has set them.
var fromServices = regexp.MustCompile(`^ROSTER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)$`)

// fromServicesURL are those that would be taken for settings, but for their value: ROSTER_PORT=tcp://10.0.0.1:8080.
var fromServicesURL = regexp.MustCompile(`^(tcp|udp|sctp)://`)

// unknown complains of names that look like ours and are none: a setting with a slip in its name would look as if it held.
func unknown(given map[string]string) (wrong Complaints) {
	settings := Settings()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		switch {
		case !strings.HasPrefix(name, prefix) || value == "":
		case slices.ContainsFunc(settings, func(s Setting) bool { return s.Name == name }):
		case fromServices.MatchString(name), strings.HasSuffix(name, "_PORT") && fromServicesURL.MatchString(value):
		default:
			if near := nearest(name, settings); near != "" {
				wrong.add("%s: there is no such setting. Did you mean %s?", name, near)
			} else {
				wrong.add("%s: there is no such setting. roster help serve lists all", name)
			}
		}
	}
	return wrong
}

func nearest(name string, settings []Setting) string {
	var names []string
	for _, s := range settings {
		names = append(names, strings.TrimPrefix(s.Name, prefix))
	}
	typed := strings.TrimPrefix(name, prefix)
	if slices.Contains(names, typed+"_URL") { // ROSTER_DATABASE, which ROSTER_DATABASE_ROLES holds too
		return name + "_URL"
	}
	if near := Nearest(typed, names); near != "" {
		return prefix + near
	}
	return ""
}

// Nearest is the word that somebody most likely meant who typed another: with the fewest slips, or the only one that holds
// what was typed; "" if none is near.
func Nearest(typed string, words []string) string {
	best, fewest := "", 1+max(1, len(typed)/3)
	for _, word := range words {
		if n := slips(typed, word); n < fewest {
			best, fewest = word, n
		}
	}
	if best != "" || len(typed) < 3 {
		return best
	}
	for _, holds := range []func(word string) bool{
		func(word string) bool { return strings.HasPrefix(word, typed) },
		func(word string) bool { return strings.Contains(word, typed) || strings.Contains(typed, word) },
	} {
		first := slices.IndexFunc(words, holds)
		if first >= 0 && !slices.ContainsFunc(words[first+1:], holds) {
			return words[first]
		}
	}
	return ""
}

// slips counts the characters to be put in, taken out, changed, or swapped with their neighbour, to come from one word to
// another.
func slips(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			changed := last[j]
			if a[i] != b[j] {
				changed++
			}
			row[j+1] = min(changed, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
