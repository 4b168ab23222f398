package ui

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"
	"unicode"

	"roster/internal/human"
)

// Count writes a number as people read it: 10,000.
func Count(n int) string { return human.Count(n) }

// AboutCount is exact up to 10,000 and rounded to thousands above: nobody acts on the last digits of 104,218.
func AboutCount(n int) string {
	if n <= 10_000 {
		return Count(n)
	}
	return "about " + Count((n+500)/1000*1000)
}

// Plural writes a number with its noun, both forms written out: "1 member", "10,000 members".
func Plural(n int, one, many string) string {
	if n == 1 {
		return Count(n) + " " + one
	}
	return Count(n) + " " + many
}

// Bytes writes the size of a file: "840 kB", "12.3 MB".
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return "1 kB"
	case n < 999_500:
		return strconv.FormatInt((n+500)/1000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// And joins words as a sentence does: "A, B and C".
func And(items []string) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return items[0]
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// Ago says how long ago something was, as long as that helps: after two days the date does. Times are told in the zone
// of now. A time a little in the future is clocks disagreeing.
func Ago(t, now time.Time) string {
	past := now.Sub(t)
	switch {
	case past < -time.Minute:
		return DayTime(t, now)
	case past < time.Minute:
		return "just now"
	case past < time.Hour:
		return Plural(int(past/time.Minute), "minute", "minutes") + " ago"
	case past < 24*time.Hour:
		return Plural(int(past/time.Hour), "hour", "hours") + " ago"
	case past < 48*time.Hour:
		return "Yesterday"
	}
	return Day(t, now)
}

// Day writes a date with the month as a word, so that no reader swaps day and month: 17 Mar 2026.
func Day(t, now time.Time) string { return t.In(now.Location()).Format("2 Jan 2006") }

// DayTime writes a date and time: 17 Mar 2026, 09:41.
func DayTime(t, now time.Time) string { return t.In(now.Location()).Format("2 Jan 2006, 15:04") }

// Until says when something ends, to stand after "Expires": "in 5 days", within a day the time: "today at 16:30",
// "tomorrow at 09:00". What is over gets its date: "on 17 Mar 2026".
func Until(t, now time.Time) string {
	t = t.In(now.Location())
	left := t.Sub(now)
	switch {
	case left <= 0:
		return "on " + Day(t, now)
	case left < 24*time.Hour && t.YearDay() == now.YearDay():
		return "today at " + t.Format("15:04")
	case left < 24*time.Hour:
		return "tomorrow at " + t.Format("15:04")
	case left < 31*24*time.Hour:
		return "in " + Plural(int((left+12*time.Hour)/(24*time.Hour)), "day", "days")
	}
	return "on " + Day(t, now)
}

// Hue picks one of the eight avatar colours from an id: the same thing has the same colour everywhere.
func Hue(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // a hash never fails
	return int(h.Sum32()%8) + 1
}

// Initials are the first letters of the first two words, or the first two letters of a single one. A letter is what a
// reader takes for one: marks, joined emoji and flags stay whole.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })

	var lettered []string
	for _, word := range words {
		word = strings.TrimLeftFunc(word, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsMark(r) || unicode.Is(unicode.Sm, r) })
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsNumber(r) {
				lettered = append(lettered, word)
			}
			break
		}
	}
	if len(lettered) == 0 {
		lettered = words
	}
	switch len(lettered) {
	case 0:
		return "?"
	case 1:
		first, rest := cluster(lettered[0])
		second, _ := cluster(rest)
		if r := []rune(second); len(r) > 0 && !unicode.IsLetter(r[0]) && !unicode.IsNumber(r[0]) {
			second = ""
		}
		return strings.ToUpper(first + second)
	}
	first, _ := cluster(lettered[0])
	second, _ := cluster(lettered[1])
	return strings.ToUpper(first + second)
}

// cluster takes the first grapheme off a word: a letter with the marks on it, a flag, or emoji joined into one picture.
// At most eight runes: a name of a thousand accents is somebody's joke.
func cluster(s string) (first, rest string) {
	runes := []rune(s)
	if len(runes) == 0 {
		return "", ""
	}
	const joiner = '\u200d'
	regional := func(r rune) bool { return r >= '\U0001F1E6' && r <= '\U0001F1FF' }
	extends := func(r rune) bool {
		return unicode.IsMark(r) || r == joiner || (r >= '\U0001F3FB' && r <= '\U0001F3FF')
	}

	end := 1
	if regional(runes[0]) && len(runes) > 1 && regional(runes[1]) {
		end = 2
	}
	for end < len(runes) && end < 8 && (extends(runes[end]) || runes[end-1] == joiner) {
		end++
	}
	return string(runes[:end]), string(runes[end:])
}

// machine writes a time for machines: UTC, to the second.
func machine(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func hueClass(hue int) string {
	if hue < 1 || hue > 8 {
		hue = 1
	}
	return "hue-" + strconv.Itoa(hue)
}

// lowerFirst lets a label continue a sentence: "Password" in "Show password".
func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return string(unicode.ToLower(r[0])) + string(r[1:])
}
