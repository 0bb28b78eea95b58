/** Asks echo again and again, and streams what it answers, one line each. */
export default {
  fetch(): Response {
    let count = 0;
    const lines = new ReadableStream<string>({
      async pull(controller) {
        count += 1;
        const response = await fetch(`http://echo.mesh/?id=${count}`);
        controller.enqueue(`${response.status} ${await response.text()}\n`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      },
    });
    return new Response(lines.pipeThrough(new TextEncoderStream()));
  },
};
