package uploadform_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/web/uploadform"
)

const contentType = "multipart/form-data; boundary=BB"

// part is one part of a form: a field, or the file.
func part(name, value string) string {
	return fmt.Sprintf("--BB\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", name, value)
}

const end = "--BB--\r\n"

// received is what arrived of a form.
type received struct {
	file   string
	fields url.Values
}

// receive reads a body to its end, as pages and API do.
func receive(body io.Reader) (received, error) {
	request := httptest.NewRequest(http.MethodPost, "/", body)
	request.Header.Set("Content-Type", contentType)
	form, err := uploadform.Open(request, "version", "notes")
	if err != nil {
		return received{}, err
	}
	file, err := form.File()
	if err != nil {
		return received{}, err
	}
	content, err := io.ReadAll(file)
	if err == nil {
		err = form.Finish()
	}
	return received{string(content), form.Fields()}, err
}

func refuses(t *testing.T, err error, sentence string) {
	t.Helper()
	refusal, ok := errors.AsType[*lifecycle.Refusal](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, lifecycle.InvalidInput, refusal.Code)
	assert.Contains(t, refusal.Message, sentence)
}

func TestTheFieldsComeBeforeOrBehindTheFile(t *testing.T) {
	for _, body := range []string{
		part("version", "1.0.0") + part("notes", "N") + part("file", "ZIP"),
		part("file", "ZIP") + part("notes", "N") + part("version", "1.0.0"),
		part("notes", "N") + part("file", "ZIP") + part("version", "1.0.0"),
	} {
		form, err := receive(strings.NewReader(body + end))
		require.NoError(t, err)
		assert.Equal(t, received{"ZIP", url.Values{"version": {"1.0.0"}, "notes": {"N"}}}, form)
	}
}

func TestAFormThatWasCutOffAnywhereIsRefused(t *testing.T) {
	whole := part("version", "1.0.0") + part("file", "ZIP\r\n--B") + part("notes", "N") + strings.TrimSuffix(end, "\r\n")
	for length := range len(whole) {
		_, err := receive(strings.NewReader(whole[:length]))
		assert.Error(t, err, whole[:length])
		_, err = receive(strings.NewReader(whole[:length] + "\r\n"))
		assert.Error(t, err, whole[:length]+" and a line break")
	}
	for _, behind := range []string{"", "\r\n", "\r\nan epilogue"} {
		_, err := receive(strings.NewReader(whole + behind))
		assert.NoError(t, err, behind)
	}
}

func TestAnUploadThatBreaksOffSaysSo(t *testing.T) {
	for _, begun := range []string{"--BB\r\n", part("version", "1.0.0"), part("file", "ZIP"), part("file", "ZIP") + part("notes", "N"),
		part("file", "ZIP") + "--BB\r\nContent-Disposition: form-data; name=\"ver"} {
		_, err := receive(strings.NewReader(begun))
		refuses(t, err, "was cut off before its end; send all of it again")
	}
}

func TestNothingIsSaidTwiceOrUnasked(t *testing.T) {
	file := part("file", "ZIP")
	for sentence, body := range map[string]string{
		`the part "file" is missing`:                                                   part("version", "1.0.0"),
		`the part "file" was sent twice`:                                               file + part("version", "1.0.0") + file,
		`the field "version" was sent twice`:                                           part("version", "1.0.0") + file + part("version", "1.0.0"),
		`there is no field "vers"; besides the file, the form may have version, notes`: part("vers", "1.0.0") + file,
		`there is no field ""`:                                                         file + "--BB\r\nContent-Type: text/plain\r\n\r\nx\r\n",
		`the field "notes" has more than the 40000 bytes allowed`:                      file + part("notes", strings.Repeat("x", 40_001)),
		`the form is not well-formed multipart/form-data`:                              "--BB\r\nno header\r\n\r\nx\r\n",
	} {
		_, err := receive(strings.NewReader(body + end))
		refuses(t, err, sentence)
	}
}

func TestAFormOfManyPartsIsRefusedAtTheFirstThatIsTooMuch(t *testing.T) {
	endless := &repeated{text: part("file", "ZIP")}
	_, err := receive(endless)
	refuses(t, err, `"file" was sent twice`)
	assert.Less(t, endless.read, 64<<10, "the rest is not read")
}

// repeated is a text again and again, without end.
type repeated struct {
	text string
	read int
}

func (r *repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[(r.read+i)%len(r.text)]
	}
	r.read += len(p)
	return len(p), nil
}

func TestTooManyBytesStayTooManyBytes(t *testing.T) {
	limited := func(bytes int64) io.Reader {
		return http.MaxBytesReader(nil, io.NopCloser(strings.NewReader(part("file", "ZIP")+part("notes", "N")+end)), bytes)
	}
	for _, bytes := range []int64{10, 57, 70, 117} {
		_, err := receive(limited(bytes))
		var tooLarge *http.MaxBytesError
		assert.ErrorAs(t, err, &tooLarge, bytes)
	}
}

func TestWhatIsNoFormIsRefused(t *testing.T) {
	for _, sent := range []string{"", "application/json", "multipart/form-data", "application/x-www-form-urlencoded"} {
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
		request.Header.Set("Content-Type", sent)
		_, err := uploadform.Open(request)
		refuses(t, err, "send multipart/form-data")
	}
}

func TestTheAddressCompletesTheFormButNeverContradictsIt(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(part("version", "1.0.0")+part("notes", "")+part("file", "ZIP")+end))
	request.Header.Set("Content-Type", contentType)
	form, err := uploadform.Open(request, "version", "notes")
	require.NoError(t, err)
	_, err = form.File()
	require.NoError(t, err)
	for _, same := range []url.Values{{"notes": {"N"}}, {"version": {"1.0.0"}, "notes": {"N"}}, {"version": {""}, "notes": {"N"}, "other": {"x"}}} {
		values, err := form.FieldsOr(same)
		require.NoError(t, err)
		assert.Equal(t, url.Values{"version": {"1.0.0"}, "notes": {"N"}}, values)
	}
	_, err = form.FieldsOr(url.Values{"version": {"1.0.1"}})
	refuses(t, err, `version is "1.0.1" in the address and "1.0.0" in the form; give it once`)
}
