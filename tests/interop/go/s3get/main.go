// Prints one object: what a user of the AWS SDK for Go v2 would write. Settings come from the environment alone.
//
//	s3get BUCKET KEY
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	log.SetFlags(0)
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	object, err := s3.NewFromConfig(settings).GetObject(context.Background(), &s3.GetObjectInput{Bucket: &os.Args[1], Key: &os.Args[2]})
	if err != nil {
		log.Fatal(err)
	}
	if _, err = io.Copy(os.Stdout, object.Body); err != nil {
		log.Fatal(err)
	}
}
