package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"strconv"
	"unicode/utf8"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 64 << 10

// evaluationRequest is what a host app tells about a user: {"context": {"targetingKey": "…", "platform_version": 12, "preview": "…", …}}.
type evaluationRequest struct {
	user     string
	platform int
	// preview is what a host app has of a device that was shown one; "" for none.
	preview string
}

// evaluationFailure is why a mini-program cannot be evaluated, in the words of the protocol.
type evaluationFailure struct {
	status int
	// Key is nil where all are asked about; one that is asked for may be empty.
	Key     *string `json:"key,omitempty"`
	Code    string  `json:"errorCode"`
	Details string  `json:"errorDetails"`
}

func badRequest(code, format string, args ...any) *evaluationFailure {
	return &evaluationFailure{status: http.StatusBadRequest, Code: code, Details: fmt.Sprintf(format, args...)}
}

// readRequest reads the body into a buffer, which it returns grown.
func readRequest(body io.Reader, buffer []byte) (evaluationRequest, []byte, *evaluationFailure) {
	text, err := readAll(body, buffer[:0])
	switch {
	case err != nil:
		return evaluationRequest{}, text, badRequest("PARSE_ERROR", "the request was cut off; send it again")
	case len(text) > maxRequest:
		f := badRequest("INVALID_CONTEXT", "the request is larger than the %d bytes allowed", maxRequest)
		f.status = http.StatusRequestEntityTooLarge
		return evaluationRequest{}, text, f
	case !json.Valid(text):
		return evaluationRequest{}, text, badRequest("PARSE_ERROR", "the request is not JSON")
	}
	request, f := parseRequest(text)
	return request, text, f
}

// readAll stops once there is more than maxRequest.
func readAll(r io.Reader, text []byte) ([]byte, error) {
	for len(text) <= maxRequest {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := r.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		if err == io.EOF {
			return text, nil
		}
		if err != nil {
			return text, err
		}
	}
	return text, nil
}

// parseRequest finds the three things that matter. It does so by hand because unmarshalling would cost more than all the
// rest of an answer.
func parseRequest(text []byte) (evaluationRequest, *evaluationFailure) {
	request := evaluationRequest{platform: AnyPlatform}
	context := member(trim(text), "context")
	if kind(context) != '{' {
		return request, badRequest("INVALID_CONTEXT", `the request must be an object with the object "context"`)
	}
	var user, platform, preview []byte
	for name, value := range members(context) {
		switch {
		case is(name, "targetingKey"):
			user = value
		case is(name, "platform_version"):
			platform = value
		case is(name, "preview"):
			preview = value
		}
	}
	switch kind(user) {
	case '"':
		request.user = unquote(user)
	case 'n', 0:
	default:
		return request, badRequest("INVALID_CONTEXT", "targetingKey must be a string: the id of the user")
	}
	if request.user == "" {
		return request, badRequest("TARGETING_KEY_MISSING", "targetingKey, the id of the user, is missing")
	}
	failure := request.readOptional(platform, preview)
	return request, failure
}

// readOptional reads what may be missing, or null.
func (r *evaluationRequest) readOptional(platform, preview []byte) *evaluationFailure {
	switch kind(platform) {
	case '0':
		r.platform = platformVersion(platform)
	case 'n', 0:
	default:
		return badRequest("INVALID_CONTEXT", "platform_version must be a number")
	}
	switch kind(preview) {
	case '"':
		r.preview = unquote(preview)
	case 'n', 0:
	default:
		return badRequest("INVALID_CONTEXT", "preview must be a string: the link, or what stands behind its last slash")
	}
	return nil
}

// platformVersion is the whole version that a platform fully has.
func platformVersion(number []byte) int {
	version, _ := strconv.ParseFloat(string(number), 64) // an error means too large a number, which is then infinite
	if version >= math.MaxInt {
		return AnyPlatform
	}
	return int(max(0, version))
}

// What follows walks through a text that is known to be valid JSON.

// kind is the first character of a value, '0' for all numbers, 0 for no value.
func kind(value []byte) byte {
	switch {
	case len(value) == 0:
		return 0
	case value[0] == '-' || '0' <= value[0] && value[0] <= '9':
		return '0'
	default:
		return value[0]
	}
}

// member is the value of the object's last member of this name; nil when there is none, or it is no object.
func member(object []byte, name string) (value []byte) {
	if kind(object) != '{' {
		return nil
	}
	for key, each := range members(object) {
		if is(key, name) {
			value = each
		}
	}
	return value
}

// is tells whether the quoted key stands for the name.
func is(key []byte, name string) bool {
	return string(key[1:len(key)-1]) == name || (bytes.IndexByte(key, '\\') >= 0 && unquote(key) == name)
}

func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		rest := trim(object[1:])
		for rest[0] != '}' {
			key := rest[:valueLength(rest)]
			rest = trim(rest[len(key):])
			value := rest[:valueLength(rest)]
			rest = trim(rest[len(value):])
			if !yield(key, value) {
				return
			}
		}
	}
}

// trim removes what stands between values.
func trim(text []byte) []byte {
	for len(text) > 0 {
		switch text[0] {
		case ' ', '\t', '\r', '\n', ',', ':':
			text = text[1:]
		default:
			return text
		}
	}
	return text
}

// valueLength is how long the value is that the text begins with.
func valueLength(text []byte) int {
	switch text[0] {
	case '"':
		return stringLength(text)
	case '{', '[':
		return nestedLength(text)
	default:
		return bytes.IndexAny(text, ",}] \t\r\n") // within an object something always follows
	}
}

func nestedLength(text []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch text[i] {
		case '"':
			i += stringLength(text[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

func stringLength(text []byte) int {
	i := 1
	for ; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// unquote reads a text. What is no UTF-8 becomes U+FFFD, as encoding/json has it, escaped elsewhere or not: a user has one cohort.
func unquote(text []byte) string {
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return string(text[1 : len(text)-1])
	}
	var s string
	_ = json.Unmarshal(text, &s) // it is valid
	return s
}
