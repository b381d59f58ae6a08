package pages

import (
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message/catalog"
)

// english has only what depends on a number: the keys are English already.
var english = dictionary{language: language.English, name: "English", messages: map[string]catalog.Message{
	"%d files":               plural.Selectf(1, "%d", plural.One, "%d file", plural.Other, "%d files"),
	"%d findings":            plural.Selectf(1, "%d", plural.One, "%d finding", plural.Other, "%d findings"),
	"%d hours":               plural.Selectf(1, "%d", plural.One, "%d hour", plural.Other, "%d hours"),
	"%d files added":         plural.Selectf(1, "%d", plural.One, "%d file added", plural.Other, "%d files added"),
	"%d wait":                plural.Selectf(1, "%d", plural.One, "%d waits", plural.Other, "%d wait"),
	"%d of %d have answered": plural.Selectf(1, "%d", plural.One, "%d of %d has answered", plural.Other, "%d of %d have answered"),
	"%d mini-programs match": plural.Selectf(1, "%d", plural.One, "%d mini-program matches", plural.Other, "%d mini-programs match"),
	"%s on %d mini-programs": plural.Selectf(2, "%d", plural.One, "%s on %d mini-program", plural.Other, "%s on %d mini-programs"),
	"%d breaches in a row, asked every %s": plural.Selectf(1, "%d",
		plural.One, "%d breach, asked every %s", plural.Other, "%d breaches in a row, asked every %s"),
	"%s: begin with %d mini-programs": plural.Selectf(2, "%d",
		plural.One, "%s: begin with %d mini-program", plural.Other, "%s: begin with %d mini-programs"),
}}
