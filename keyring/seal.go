package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
)

// aead encrypts with AES-256-GCM, each time with a nonce of its own.
func (k key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.secret)
	if err != nil {
		panic(err) // only for keys of another length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for ciphers of another block size
	}
	return aead
}

// Seal encrypts a text that is kept somewhere, with the first key, whose id it returns. It can be opened only as what it was sealed as, so
// that nobody puts it elsewhere. Without keys the text stays as it is, and the id is "".
func (r Ring) Seal(text, as string) (sealed, keyID string) {
	if r.Empty() {
		return text, ""
	}
	k := r.keys[0]
	return base64.StdEncoding.EncodeToString(k.aead().Seal(nil, nil, []byte(text), sealedAs(k.id, as))), k.id
}

// Open decrypts what was sealed with a key; what has none stays as it is. The error is a *MissingKeyError where the key is not there.
func (r Ring) Open(sealed, keyID, as string) (string, error) {
	if keyID == "" {
		return sealed, nil
	}
	k, known := r.find(keyID)
	if !known {
		return "", &MissingKeyError{keyID}
	}
	data, err := base64.StdEncoding.DecodeString(sealed)
	if err == nil {
		data, err = k.aead().Open(nil, nil, data, sealedAs(keyID, as))
	}
	if err != nil {
		return "", changed(keyID)
	}
	return string(data), nil
}

func sealedAs(keyID, as string) []byte { return []byte("slipway sealed 1\x00" + keyID + "\x00" + as) }

func changed(keyID string) error {
	return fmt.Errorf("this was not encrypted with the key %.64q, or was changed since", keyID)
}

// SealsWith is the id of the key that encrypts; "" when there is none.
func (r Ring) SealsWith() string {
	if r.Empty() {
		return ""
	}
	return r.keys[0].id
}
