// jose as a relying party: discovery and JWKS over HTTP, then the token.
//
//   JOSE_DIR=… node verify_jose.cjs ISSUER AUDIENCE < TOKEN
//
// JOSE_DIR is the folder with node_modules/jose. Prints one JSON line, {"verifier": "jose VERSION", "sub": …}; exit 1
// and the reason where the token does not hold. NODE_EXTRA_CA_CERTS names the roots of a private CA.
'use strict';
const fs = require('fs');
const path = require('path');

const folder = path.join(process.env.JOSE_DIR, 'node_modules', 'jose');
const jose = require(folder);
const version = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).version;

async function verify(token, issuer, audience) {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`, {redirect: 'manual'});
  if (answer.status !== 200) throw new Error(`discovery: HTTP ${answer.status}, want 200`);
  const discovery = await answer.json();
  if (discovery.issuer !== issuer) throw new Error(`discovery: issuer ${discovery.issuer}, want ${issuer}`);
  const keys = jose.createRemoteJWKSet(new URL(discovery.jwks_uri));
  const {payload} = await jose.jwtVerify(token, keys, {
    issuer, audience, algorithms: discovery.id_token_signing_alg_values_supported,
    requiredClaims: ['exp', 'iat', 'nbf', 'sub', 'jti'],
  });
  return payload;
}

const [issuer, audience] = process.argv.slice(2);
verify(fs.readFileSync(0, 'utf8'), issuer, audience)
    .then((claims) => console.log(JSON.stringify({verifier: `jose ${version}`, sub: claims.sub})))
    .catch((error) => {
      console.error(`jose: ${error.code || error.name}: ${error.message}`);
      process.exitCode = 1;
    });
