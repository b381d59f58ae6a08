package uploadform_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/fuzztest"
	"slipway/lifecycle"
	"slipway/web/uploadform"
)

// FuzzUpload reads forms with a file, in pieces of any size: they are refused, or read as they were sent by whoever writes them properly.
func FuzzUpload(f *testing.F) {
	file := part("file", "ZIP\r\n--B\r\n-")
	for _, body := range []string{
		part("version", "1.0.0") + file + part("notes", "N") + end, file + strings.TrimSuffix(end, "\r\n"), file + file + end, part("version", "x") + end,
		file + "--BB\r\nContent-Disposition: form-data; name=\"ver", "--BB\r\nContent-Disposition: form-data; name*=utf-8''%66ile\r\n\r\nZIP\r\n" + end,
		"preamble\r\n" + file + "--BB\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Disposition: form-data; name=notes\r\n\r\n=41=\r\n\r\n" + end + "epilogue", "--BB--",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var whole received
		var err error
		fuzztest.Costs(t, len(body), func() { whole, err = receive(bytes.NewReader(body)) })
		piecemeal, errOfPieces := receive(iotest.OneByteReader(bytes.NewReader(body)))
		assert.Equal(t, err, errOfPieces, "how it arrives does not matter")
		if err != nil {
			refusal, ok := errors.AsType[*lifecycle.Refusal](err)
			require.True(t, ok, "%v", err)
			assert.NotEmpty(t, refusal.Message)
			return
		}
		assert.Equal(t, whole, piecemeal)
		again, err := receive(bytes.NewReader(written(t, whole)))
		require.NoError(t, err)
		assert.Equal(t, whole, again)
	})
}

// written is a form as the standard library writes it.
func written(t *testing.T, form received) []byte {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form.fields {
		require.NoError(t, w.WriteField(name, values[0]))
	}
	file, err := w.CreateFormFile("file", "a.zip")
	require.NoError(t, err)
	_, err = io.WriteString(file, form.file)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, parameters, err := mime.ParseMediaType(w.FormDataContentType())
	require.NoError(t, err)
	return bytes.ReplaceAll(body.Bytes(), []byte(parameters["boundary"]), []byte("BB"))
}

// FuzzFieldsOr reads what the address and the form say of an upload: never two things at once.
func FuzzFieldsOr(f *testing.F) {
	f.Add("1.0.0", "version=1.0.0&notes=N&x=1")
	f.Add("1.0.0", "version=1.0.1")
	f.Fuzz(func(t *testing.T, version, query string) {
		parameters, err := url.ParseQuery(query)
		if err != nil || strings.ContainsAny(version, "\r\n") || len(version) > 1000 {
			return
		}
		form := opened(t, part("version", version)+part("file", "ZIP")+end)
		fields, err := form.FieldsOr(parameters)
		if err != nil {
			refuses(t, err, "give it once")
			return
		}
		assert.Contains(t, []string{version, parameters.Get("version")}, fields.Get("version"))
		assert.Equal(t, parameters.Get("notes"), fields.Get("notes"))
		assert.Len(t, fields, 2, "nothing but what is asked for")
	})
}

// opened is a form that was read up to its file.
func opened(t *testing.T, body string) *uploadform.Reader {
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	request.Header.Set("Content-Type", contentType)
	form, err := uploadform.Open(request, "version", "notes")
	require.NoError(t, err)
	file, err := form.File()
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, file)
	require.NoError(t, err)
	return form
}
