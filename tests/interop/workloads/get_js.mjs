// Prints one object: what a user of the AWS SDK for JavaScript v3 would write.  get_js.mjs BUCKET KEY
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";

const [Bucket, Key] = process.argv.slice(2);
const object = await new S3Client({}).send(new GetObjectCommand({ Bucket, Key }));
process.stdout.write(await object.Body.transformToString());
