package main

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"go.temporal.io/sdk/converter"

	"slipway/lifecycle"
	"slipway/web/access"
)

// codecFolder has Temporal's remote codec: Temporal UI and the temporal command have payloads decrypted here that are for people to
// read, and encrypted that they write.
const codecFolder = "/codec"

const codecHeaders = "Authorization, Authorization-Extras, Content-Type, X-Namespace"

// codecBody is more than the largest payload that Temporal takes, as JSON.
var codecBody = access.Body{Bytes: 4 << 20, Within: access.UsualBody.Within}

// registerCodec lets people of the platform read what is encrypted; who only reads has nothing to encrypt.
func (a application) registerCodec(router *access.Router) {
	codec := gin.WrapH(converter.NewPayloadCodecHTTPHandler(a.settings.PayloadCodec()))
	readers := access.Only(lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator, lifecycle.Auditor)
	writers := access.Only(lifecycle.Reviewer, lifecycle.ReleaseManager, lifecycle.Operator)
	router.POST(codecFolder+"/decode", readers.WithBody(codecBody), codec)
	router.POST(codecFolder+"/encode", writers.WithBody(codecBody), codec)
}

// admitCodec lets pages of Temporal UI read the answers of the codec, in the session of whoever is signed in here, and nothing else.
func (a application) admitCodec(c *gin.Context) {
	if !below(c.Request.URL.Path, codecFolder) {
		return
	}
	c.Writer.Header().Add("Vary", "Origin")
	origin := c.GetHeader("Origin")
	if !slices.Contains(a.settings.codecOrigins, origin) {
		return
	}
	c.Header("Access-Control-Allow-Origin", origin)
	c.Header("Access-Control-Allow-Credentials", "true")
	if c.Request.Method != http.MethodOptions || c.GetHeader("Access-Control-Request-Method") == "" {
		return
	}
	c.Header("Access-Control-Allow-Methods", http.MethodPost)
	c.Header("Access-Control-Allow-Headers", codecHeaders)
	c.Header("Access-Control-Max-Age", "7200")
	c.AbortWithStatus(http.StatusNoContent)
}

// protect refuses what pages of other sites send. Those of Temporal UI may ask the codec, which changes nothing.
func (a application) protect(handler http.Handler) (http.Handler, error) {
	everything, codec := http.NewCrossOriginProtection(), http.NewCrossOriginProtection()
	for _, origin := range a.settings.codecOrigins {
		if err := codec.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("CODEC_ORIGINS: %w", err)
		}
	}
	everything.SetDenyHandler(denyWith(otherSite))
	codec.SetDenyHandler(denyWith(otherSite))
	usual, forCodec := everything.Handler(access.RefererCheck(handler, denyWith(otherSite))), codec.Handler(handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if below(r.URL.Path, codecFolder) {
			forCodec.ServeHTTP(w, r)
			return
		}
		usual.ServeHTTP(w, r)
	}), nil
}
