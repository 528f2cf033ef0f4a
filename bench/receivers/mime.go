// Receives one upload after the other by Go's mime/multipart and says what it found. Usage: mime PORT.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
)

type part struct {
	Name      string  `json:"name"`
	FileName  *string `json:"file_name"`
	MediaType *string `json:"media_type"`
	Size      int64   `json:"size"`
	SHA256    string  `json:"sha256"`
}

func read(request *http.Request) ([]part, error) {
	form, err := request.MultipartReader()
	if err != nil {
		return nil, err
	}
	parts := []part{}
	for {
		next, err := form.NextPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, err
		}
		hash := sha256.New()
		size, err := io.Copy(hash, next)
		if err != nil {
			return nil, err
		}
		found := part{Name: next.FormName(), Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}
		if name := next.FileName(); name != "" {
			kind := next.Header.Get("Content-Type")
			found.FileName, found.MediaType = &name, &kind
		}
		parts = append(parts, found)
	}
}

func receive(response http.ResponseWriter, request *http.Request) {
	parts, err := read(request)
	response.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"asset_id": "go", "parts": parts}
	if err != nil {
		response.WriteHeader(http.StatusBadRequest)
		answer = map[string]any{"detail": err.Error()}
	}
	if err := json.NewEncoder(response).Encode(answer); err != nil {
		log.Print(err)
	}
}

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(receive)))
}
