package lifecycle

import (
	"strings"
	"unicode"
)

// hasSomethingToRead tells whether a text has at least one character that people see: a letter, a digit, a sign or a picture. Blanks, marks
// without a letter, and what only steers how others are shown are none.
func hasSomethingToRead(text string) bool { return strings.ContainsFunc(text, isSeen) }

func isSeen(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, blank)
}

// blank are signs by their category that show nothing: an empty pattern of dots, what stands for an object, a note without a head.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0xfffc, Hi: 0xfffc, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}},
}
