/**
 * The programs that the gateway is measured against, from Debian, and how they are set up: one
 * worker or thread, connections to the service kept open.
 *
 * @module
 */

const PACKAGES = { nginx: "nginx-light", haproxy: "haproxy", wrk: "wrk" } as const;

/** Installs what is missing. Needs Debian and root; told what runs. */
export async function installPrograms(tell: (text: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(PACKAGES)) {
    if (!await isInstalled(program)) missing.push(name);
  }
  if (missing.length === 0) return;
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...missing]]) {
    tell(`apt-get ${args.join(" ")}`);
    const { code, stderr } = await new Deno.Command("apt-get", {
      args: ["-q", ...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdout: "null",
      stderr: "piped",
    }).output();
    if (code === 0) continue;
    throw new Error(`Cannot install "${missing}": ${new TextDecoder().decode(stderr)}`);
  }
}

/** Where a program of Debian is, which may be outside of a user's PATH. */
export async function pathOf(program: string): Promise<string> {
  for (const folder of ["/usr/sbin", "/usr/bin", "/usr/local/bin"]) {
    const path = `${folder}/${program}`;
    if (await Deno.stat(path).then((info) => info.isFile, () => false)) return path;
  }
  throw new Error(`Cannot find "${program}": it is not installed`);
}

function isInstalled(program: string): Promise<boolean> {
  return pathOf(program).then(() => true, () => false);
}

/** The configuration of nginx in a folder of its own. */
export function nginxConfig(options: { folder: string; port: number; upstream: number }): string {
  const { folder, port, upstream } = options;
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log error;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream work { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://work;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }
  }
}
`;
}

/** The configuration of haproxy. */
export function haproxyConfig(options: { port: number; upstream: number }): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option http-keep-alive
  http-reuse always
frontend front
  bind 127.0.0.1:${options.port}
  default_backend work
backend work
  server work 127.0.0.1:${options.upstream}
`;
}
