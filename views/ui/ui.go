// Package ui holds looks: buttons, fields, badges and the like, without a word about organizations or people. What a
// thing means is said by the packages beside it, one per noun; how it looks is said here, once.
//
// The small vocabularies (tones, kinds, sizes, icons) are struct types with an unexported field: only the variables
// below exist, the zero value is the plain case, and a variant that nobody drew does not compile.
package ui

import (
	"slices"
	"strings"
)

// Tone is the meaning of a badge, note or toast. The word beside it carries the meaning too, never the colour alone.
type Tone struct{ class string }

// The tones.
var (
	Default = Tone{}
	Success = Tone{"ok"}
	Accent  = Tone{"accent"}
	Warning = Tone{"warn"}
	Danger  = Tone{"danger"}
)

// Kind is the weight of a button. A page has one Primary; a destructive button is never primary and never first.
type Kind struct{ class string }

// The kinds of button. Destructive opens a question; DestructiveSolid is the answer to it.
var (
	Plain            = Kind{}
	Primary          = Kind{"button--primary"}
	Quiet            = Kind{"button--quiet"}
	Destructive      = Kind{"button--danger"}
	DestructiveSolid = Kind{"button--danger-solid"}
)

// Size is the size of an avatar.
type Size struct{ class string }

// The sizes of an avatar.
var (
	Medium = Size{}
	Small  = Size{"avatar--sm"}
	Large  = Size{"avatar--lg"}
	XLarge = Size{"avatar--xl"}
)

// State is the dot in front of a status word.
type State struct{ class string }

// The states: grey, green, and a hollow ring.
var (
	Neutral = State{}
	On      = State{"status--ok"}
	Off     = State{"status--off"}
)

// modifier gives block--class, or nothing for the zero value.
func modifier(block, class string) string {
	if class == "" {
		return ""
	}
	return block + "--" + class
}

// level writes a heading's level and keeps it within what HTML has.
func level(n, fallback int) int {
	if n < 1 || n > 6 {
		return fallback
	}
	return n
}

// classes joins class names and leaves out the empty ones.
func classes(names ...string) string {
	return strings.Join(slices.DeleteFunc(names, func(name string) bool { return name == "" }), " ")
}

// when gives the class name if the condition holds.
func when(condition bool, class string) string {
	if condition {
		return class
	}
	return ""
}
