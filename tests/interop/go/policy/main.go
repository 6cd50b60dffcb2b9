// Gives a MinIO server a named policy, read from standard input. MinIO's administration protocol is encrypted, so it is
// spoken by MinIO's own client library. The root credentials are in MINIO_ROOT_USER and MINIO_ROOT_PASSWORD.
//
//	policy HOST:PORT NAME < POLICY
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/minio/madmin-go/v3"
)

func main() {
	log.SetFlags(0)
	admin, err := madmin.New(os.Args[1], os.Getenv("MINIO_ROOT_USER"), os.Getenv("MINIO_ROOT_PASSWORD"), false)
	if err != nil {
		log.Fatal(err)
	}
	policy, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	if err = admin.AddCannedPolicy(context.Background(), os.Args[2], policy); err != nil {
		log.Fatal(err)
	}
}
