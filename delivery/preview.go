package delivery

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"slipway/keyring"
)

// Previews makes and knows previews: texts that give whoever has one the candidate of a mini-program, in any state, until it is another
// one, is suspended, or the time of the preview is over. Without keys there are none.
type Previews struct{ Keys keyring.Ring }

// Previewed is what a preview shows: the candidate of a mini-program.
type Previewed struct {
	MiniProgram, Version, SHA256 string
	// Since is the number of the change in the catalogue since which it is the candidate.
	Since int64
}

// preview is what its text says.
type preview struct {
	miniProgram string
	since       int64
	signature   keyring.Signature // its time is when the preview ends
}

const (
	// previewFormat begins every preview.
	previewFormat = "p1"
	// purpose keeps what is signed here from being taken for something else that a ring signs.
	purpose = "preview"
	// maxPreview is more than any preview or link to one has, in bytes.
	maxPreview = 2048
)

// Make is a preview of the candidate until a time, in letters that URLs have.
func (p Previews) Make(of Previewed, ends time.Time) string {
	return preview{of.MiniProgram, of.Since, p.Keys.Sign(ends, of.signed()...)}.String()
}

func (p preview) String() string {
	return strings.Join([]string{
		previewFormat, p.miniProgram, strconv.FormatInt(p.since, 36), strconv.FormatInt(p.signature.At.Unix(), 36),
		base64.RawURLEncoding.EncodeToString(p.signature.MAC), p.signature.Key,
	}, ".")
}

func (c Previewed) signed() []string {
	return []string{purpose, c.MiniProgram, c.Version, c.SHA256, strconv.FormatInt(c.Since, 10)}
}

// parsePreview reads a preview, or the link to one, whatever somebody on its way has put behind it: a slash, a query, a fragment. Each
// preview has one text: base64 and numbers have several for the same value, of which only the one that String writes is taken.
func parsePreview(text string) (preview, bool) {
	if len(text) > maxPreview {
		return preview{}, false
	}
	if end := strings.IndexAny(text, "?#"); end >= 0 {
		text = text[:end]
	}
	text = strings.TrimRight(text, "/")
	text = text[strings.LastIndexByte(text, '/')+1:]
	parts := strings.SplitN(text, ".", 6)
	if len(parts) != 6 || parts[0] != previewFormat {
		return preview{}, false
	}
	since, err1 := strconv.ParseInt(parts[2], 36, 64)
	ends, err2 := strconv.ParseInt(parts[3], 36, 64)
	mac, err3 := base64.RawURLEncoding.DecodeString(parts[4])
	read := preview{parts[1], since, keyring.Signature{Key: parts[5], At: time.Unix(ends, 0).UTC(), MAC: mac}}
	return read, errors.Join(err1, err2, err3) == nil && read.String() == text
}

// PreviewOf names the mini-program that a preview, or a link to one, is about, without a look at whether it works; ok is false when it is
// none.
func PreviewOf(text string) (miniProgram string, ok bool) {
	read, ok := parsePreview(text)
	return read.miniProgram, ok
}

// Why a preview does not count.
var (
	// ErrPreviewEnded says that its time is over.
	ErrPreviewEnded = errors.New("the preview has ended")
	// ErrPreviewInvalid says that it is for something that is not the candidate any more, or was not made here.
	ErrPreviewInvalid = errors.New("the preview is not for the present candidate, or is none")
)

// Verify tells until when a preview gives the candidate. The error is ErrPreviewEnded or ErrPreviewInvalid.
func (p Previews) Verify(text string, of Previewed, now time.Time) (ends time.Time, err error) {
	read, ok := parsePreview(text)
	if !ok {
		return time.Time{}, ErrPreviewInvalid
	}
	return read.signature.At, p.verify(read, of, now)
}

func (p Previews) verify(read preview, of Previewed, now time.Time) error {
	switch {
	case read.miniProgram != of.MiniProgram || read.since != of.Since || p.Keys.Verify(read.signature, of.signed()...) != nil:
		return ErrPreviewInvalid
	case !now.Before(read.signature.At):
		return ErrPreviewEnded
	default:
		return nil
	}
}

// shown is what a preview in a question comes to; nil is none.
type shown struct {
	miniProgram string
	// text is what fetches the package, "" when the preview does not count; why says then why not.
	text string
	why  string
	Decision
}

// show finds out what a preview shows to a user with a platform, from memory; nil when there is none, or it is nonsense.
func (h *Handlers) show(text string, platform int) *shown {
	read, ok := parsePreview(text)
	if !ok {
		return nil
	}
	r := h.Snapshot.find(read.miniProgram)
	if r == nil || r.Preview == nil {
		return &shown{miniProgram: read.miniProgram, why: "invalid"}
	}
	of := Previewed{r.ID, r.Preview.Version, r.Preview.SHA256.String(), r.PreviewSince}
	switch err := h.Previews.verify(read, of, time.Now()); {
	case errors.Is(err, ErrPreviewEnded):
		return &shown{miniProgram: r.ID, why: "ended"}
	case err != nil:
		return &shown{miniProgram: r.ID, why: "invalid"}
	case !r.Preview.runsOn(platform):
		return &shown{miniProgram: r.ID, why: "platform"}
	default:
		return &shown{miniProgram: r.ID, text: read.String(), Decision: Decision{Candidate, Preview, r.Preview, r.PreviewSince}}
	}
}

// works tells whether a preview gives the candidate.
func (s *shown) works() bool { return s != nil && s.text != "" }

// about is the preview where it is one of this mini-program; nil otherwise.
func (s *shown) about(miniProgram string) *shown {
	if s == nil || s.miniProgram != miniProgram {
		return nil
	}
	return s
}
